//! Work shared among the cores; in browsers there is one.

/// Results of `work` on each piece, in order.
pub fn each<P: Send, R: Send>(pieces: Vec<P>, work: impl Fn(P) -> R + Sync + Send) -> Vec<R> {
    #[cfg(not(target_arch = "wasm32"))]
    {
        use rayon::prelude::*;
        pieces.into_par_iter().map(work).collect()
    }
    #[cfg(target_arch = "wasm32")]
    pieces.into_iter().map(work).collect()
}

/// Into how many pieces to cut work: twice the cores, so that a core that is held up elsewhere does not hold up all.
pub fn pieces() -> usize {
    #[cfg(not(target_arch = "wasm32"))]
    {
        match rayon::current_num_threads() {
            1 => 1,
            threads => 2 * threads,
        }
    }
    #[cfg(target_arch = "wasm32")]
    1
}
