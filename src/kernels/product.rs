//! Products of matrices.

use std::mem::MaybeUninit;

use super::threads::Unfilled;
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

/// The product of `size` `[m, n, k]` in memory of its own.
pub fn new_product(size: [usize; 3], lhs: Side, rhs: Side) -> Vec<f32> {
    let mut values = vec![];
    filled(&mut values, size[0] * size[1], |target| product(size, target, lhs, rhs));
    values
}

/// [`product`], added to `target`.
pub fn add_product(size: [usize; 3], target: &mut [f32], lhs: Side, rhs: Side) {
    assert_fit(size, target.len(), lhs, rhs);
    // SAFETY: all values lie within their slices.
    unsafe { multiply(size, target.as_mut_ptr(), true, lhs, rhs) };
}

/// `buffer` with `length` new values, which `fill` gives back once it has written all of them.
pub fn filled(
    buffer: &mut Vec<f32>,
    length: usize,
    fill: impl for<'b> FnOnce(&'b mut [MaybeUninit<f32>]) -> &'b mut [f32],
) -> &mut [f32] {
    buffer.clear();
    buffer.reserve(length);
    Unfilled::new(&mut buffer.spare_capacity_mut()[..length]).next(length, fill);
    // SAFETY: they were filled in the line before.
    unsafe { buffer.set_len(length) };
    buffer
}

/// Columns that are written together.
const TOGETHER: usize = 16;

/// Row-major `values`, of that many rows, as columns.
pub fn transposed(values: &[f32], rows: usize) -> Vec<f32> {
    let columns = values.len() / rows;
    let mut transposed = vec![0.0; values.len()];
    // A few at a time, so that what is written stays in the first-level cache.
    for first in (0..rows).step_by(TOGETHER) {
        let last = rows.min(first + TOGETHER);
        for column in 0..columns {
            for (row, value) in (first..last).zip(&mut transposed[column * rows + first..]) {
                *value = values[row * columns + column];
            }
        }
    }
    transposed
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
    {
        // So many rows soon pay for turning the other side.
        let turn = rhs_row == 1 && rhs_column == k && m >= TOGETHER;
        let strides = if turn { [n, 1] } else { [rhs_row, rhs_column] };
        if tiles::can_multiply([m, n, k], [lhs_row, lhs_column], strides) {
            let turned = turn.then(|| transposed(&rhs[..n * k], n));
            let (lhs, rhs) = (lhs.as_ptr(), turned.as_deref().unwrap_or(rhs).as_ptr());
            // SAFETY: as the caller ensures.
            unsafe { tiles::multiply([m, n, k], target, add, (lhs, [lhs_row, lhs_column]), (rhs, strides[0])) };
            return;
        }
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
