//! Products of matrices, by the kernels that the CPU backend uses too.

use crate::kernels::{new_product, transposed};

/// Rows of a symmetric product that are computed together, whole tiles of the kernels.
const BLOCK: usize = 12;

/// Values row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix {
    pub columns: usize,
    pub values: Vec<f32>,
}

impl Matrix {
    pub fn new(columns: usize, values: Vec<f32>) -> Self {
        assert!(columns > 0 && values.len().is_multiple_of(columns), "a matrix has whole rows");
        Self { columns, values }
    }

    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self::new(columns, vec![0.0; rows * columns])
    }

    pub fn row_count(&self) -> usize {
        self.values.len() / self.columns
    }

    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.columns)
    }

    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.columns..][..self.columns]
    }

    /// `self · other`: sums of the other's rows, with each row of this as weights.
    pub fn times(&self, other: &Self) -> Self {
        assert_eq!(self.columns, other.row_count());
        let size = [self.row_count(), other.columns, self.columns];
        let values = new_product(size, (&self.values, [self.columns, 1]), (&other.values, [other.columns, 1]));
        Self::new(other.columns, values)
    }

    /// `self · selfᵀ`, which is symmetric: little more than half of it is computed.
    pub fn products(&self) -> Self {
        let count = self.row_count();
        let across = {
            let columns = count.next_multiple_of(BLOCK);
            let mut rows = self.values.clone();
            rows.resize(columns * self.columns, 0.0);
            Self::new(columns, transposed(&rows, columns))
        };
        let mut products = Self::zeros(count, count);
        for first in (0..count).step_by(BLOCK) {
            let size = [BLOCK.min(count - first), across.columns - first, self.columns];
            let rows = (&self.values[first * self.columns..], [self.columns, 1]);
            let block = new_product(size, rows, (&across.values[first..], [across.columns, 1]));
            for (row, block) in (first..).zip(block.chunks_exact(size[1])) {
                for (column, value) in (first..count).zip(block) {
                    products.values[row * count + column] = *value;
                    products.values[column * count + row] = *value;
                }
            }
        }
        products
    }

    /// Columns as rows.
    pub fn transposed(&self) -> Self {
        Self::new(self.row_count(), transposed(&self.values, self.row_count()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition() {
        let a = Matrix::new(3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let b = Matrix::new(3, vec![1.0, 0.0, -1.0, 2.0, 1.0, 0.0, 0.5, 0.5, 0.5]);
        assert_eq!(a.times(&b.transposed()).values, [-2.0, 4.0, 3.0, -2.0, 13.0, 7.5]);
        let c = Matrix::new(2, vec![1.0, 2.0, 3.0, 4.0]);
        assert_eq!(a.transposed().times(&c), Matrix::new(2, vec![13.0, 18.0, 17.0, 24.0, 21.0, 30.0]));
        let tall = Matrix::new(2, (0..110).map(|v| (v % 7) as f32 - 3.0).collect());
        assert_eq!(tall.products(), tall.times(&tall.transposed()));
    }
}
