//! The widest vector instructions of this machine.

use pulp::{Arch, NullaryFnOnce};

/// Runs `work` with them, if it is `#[inline(always)]` and so is what it calls.
#[inline(always)]
pub fn vectorized(work: impl FnMut()) {
    struct Work<F>(F);
    // Unlike pulp's own for closures, whose shim is not inlined: what is compiled apart has the oldest instructions only.
    impl<F: FnMut()> NullaryFnOnce for Work<F> {
        type Output = ();

        #[inline(always)]
        fn call(mut self) {
            (self.0)();
        }
    }
    Arch::new().dispatch(Work(work));
}
