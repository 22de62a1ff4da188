//! Work shared among the cores; in browsers there is one.

use std::mem::MaybeUninit;

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

/// `length` values made in pieces of `piece` values (the last may be shorter), each from its own input, and what else
/// `work` returns. Unlike with a vector of zeros, memory is first touched by the core that fills it, shortly before.
pub fn build<P: Send, R: Send>(
    length: usize,
    piece: usize,
    inputs: impl Iterator<Item = P>,
    work: impl Fn(P, &mut Unfilled) -> R + Sync + Send,
) -> (Vec<f32>, Vec<R>) {
    let mut built = Vec::with_capacity(length);
    let pieces: Vec<_> = inputs.zip(built.spare_capacity_mut()[..length].chunks_mut(piece)).collect();
    assert_eq!(pieces.len(), length.div_ceil(piece), "there is an input for each piece");
    let results = each(pieces, |(input, values)| {
        let mut unfilled = Unfilled::new(values);
        let result = work(input, &mut unfilled);
        zeros(unfilled.0);
        result
    });
    // SAFETY: every piece was filled to its end just now.
    unsafe { built.set_len(length) };
    (built, results)
}

/// Memory that is yet to be filled, from the front.
pub struct Unfilled<'a>(&'a mut [MaybeUninit<f32>]);

impl<'a> Unfilled<'a> {
    /// All of `values`.
    pub fn new(values: &'a mut [MaybeUninit<f32>]) -> Self {
        Self(values)
    }

    /// The next `count` values, which `fill` gives back once it has written all of them.
    pub fn next(
        &mut self,
        count: usize,
        fill: impl for<'b> FnOnce(&'b mut [MaybeUninit<f32>]) -> &'b mut [f32],
    ) -> &'a mut [f32] {
        let (next, rest) = std::mem::take(&mut self.0).split_at_mut(count);
        self.0 = rest;
        let given = next.as_ptr();
        let filled = fill(next);
        assert!(std::ptr::addr_eq(filled.as_ptr(), given) && filled.len() == count, "what was given is given back");
        // SAFETY: it was given back as initialised.
        unsafe { next.assume_init_mut() }
    }
}

/// `values`, all zero.
pub fn zeros(values: &mut [MaybeUninit<f32>]) -> &mut [f32] {
    values.fill(MaybeUninit::new(0.0));
    // SAFETY: all of it was written in the line before.
    unsafe { values.assume_init_mut() }
}
