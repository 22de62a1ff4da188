//! Products of matrices.

use std::mem::MaybeUninit;

#[cfg(target_arch = "wasm32")]
use super::tiles;

/// One side of a product: values, and their strides of rows and columns.
pub type Side<'a> = (&'a [f32], [usize; 2]);

/// Row-major `target[m, n]` = `lhs[m, k]` x `rhs[k, n]`.
pub fn product<'a>(size: [usize; 3], target: &'a mut [MaybeUninit<f32>], lhs: Side, rhs: Side) -> &'a mut [f32] {
    assert_fit(size, target.len(), lhs, rhs);
    // SAFETY: all values lie within their slices, and without adding, the target is written only.
    unsafe { multiply(size, target.as_mut_ptr().cast(), false, lhs, rhs) };
    // SAFETY: all of it was written in the line before.
    unsafe { target.assume_init_mut() }
}

/// [`product`], added to `target`.
pub fn add_product(size: [usize; 3], target: &mut [f32], lhs: Side, rhs: Side) {
    assert_fit(size, target.len(), lhs, rhs);
    // SAFETY: all values lie within their slices.
    unsafe { multiply(size, target.as_mut_ptr(), true, lhs, rhs) };
}

/// Refuses sides that reach beyond their values.
fn assert_fit([m, n, k]: [usize; 3], target: usize, (lhs, lhs_strides): Side, (rhs, rhs_strides): Side) {
    let reach = |[rows, columns]: [usize; 2], [row, column]: [usize; 2]| match rows * columns {
        0 => 0,
        _ => (rows - 1) * row + (columns - 1) * column + 1,
    };
    let fit = reach([m, k], lhs_strides) <= lhs.len() && reach([k, n], rhs_strides) <= rhs.len();
    assert!(target == m * n && fit, "a product's sides fit");
}

/// # Safety
/// `target` has `m * n` values, initialised if `add`, and the sides reach as far as their strides lead.
unsafe fn multiply(
    [m, n, k]: [usize; 3],
    target: *mut f32,
    add: bool,
    (lhs, [lhs_row, lhs_column]): Side,
    (rhs, [rhs_row, rhs_column]): Side,
) {
    #[cfg(target_arch = "wasm32")]
    if tiles::can_multiply([m, n, k], [lhs_row, lhs_column], [rhs_row, rhs_column]) {
        // SAFETY: as the caller ensures.
        unsafe {
            tiles::multiply([m, n, k], target, add, (lhs.as_ptr(), [lhs_row, lhs_column]), (rhs.as_ptr(), rhs_row))
        };
        return;
    }
    let [lhs_row, lhs_column, rhs_row, rhs_column] = [lhs_row, lhs_column, rhs_row, rhs_column].map(|v| v as isize);
    // SAFETY: as the caller ensures.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            target,
            1,
            n as isize,
            add,
            lhs.as_ptr(),
            lhs_column,
            lhs_row,
            rhs.as_ptr(),
            rhs_column,
            rhs_row,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
