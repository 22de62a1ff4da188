//! Products of matrices, by the kernels that the CPU backend uses too.

use crate::kernels::{dot, new_product, transposed};

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

/// Coordinates of vectors among themselves: `factor` holds, for each, `rank` values with the same products as the vectors.
///
/// A Cholesky factor of their Gram matrix, which takes the vector that is least explained so far as the next direction
/// and ends when all are: repeated and dependent vectors cost nothing.
#[derive(Debug, Clone)]
pub(crate) struct Gram {
    rank: usize,
    factor: Vec<f64>,
    /// Those that span all, in the order of the columns of `factor`.
    pivots: Vec<usize>,
}

impl Gram {
    /// What is left unexplained of a vector's square, as a share of the largest; products in f32 are no better.
    const TOLERANCE: f64 = 1e-6;

    /// Of vectors with these products, of which those at `spanning` may span the others: these have the coordinates of what of
    /// them lies in that span.
    pub fn new(products: &Matrix, spanning: &[bool]) -> Self {
        let count = products.columns;
        let mut left: Vec<f64> = (0..count).map(|i| f64::from(products.row(i)[i])).collect();
        let enough = left.iter().copied().fold(0.0, f64::max) * Self::TOLERANCE;
        // With room for `count` columns at first.
        let (mut rows, mut pivots) = (vec![0.0; count * count], Vec::new());
        let next = |left: &[f64]| {
            let spanning = (0..count).filter(|i| spanning[*i] && left[*i] > enough);
            spanning.max_by(|a, b| left[*a].total_cmp(&left[*b]))
        };
        while let Some(pivot) = next(&left) {
            let rank = pivots.len();
            let scale = left[pivot].sqrt().recip();
            let own: Vec<f64> = rows[pivot * count..][..rank].to_vec();
            // Nothing is left of those that were pivots.
            let rows = rows.chunks_exact_mut(count).zip(products.row(pivot)).zip(&mut left);
            for ((row, product), left) in rows.filter(|(_, left)| **left != 0.0) {
                let explained: f64 = dot(&row[..rank], &own);
                row[rank] = (f64::from(*product) - explained) * scale;
                *left -= row[rank] * row[rank];
            }
            // Exactly nothing, lest rounding make it a pivot again.
            left[pivot] = 0.0;
            pivots.push(pivot);
        }
        let rank = pivots.len();
        let factor = rows.chunks_exact(count.max(1)).flat_map(|row| &row[..rank]).copied().collect();
        Self { rank, factor, pivots }
    }

    /// How many coordinates there are.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The coordinates of the vectors, row by row.
    pub fn coordinates(&self) -> Matrix {
        Matrix::new(self.rank, self.factor.iter().map(|v| *v as f32).collect())
    }

    /// The vectors that span all, in the order of the coordinates.
    pub fn pivots(&self) -> &[usize] {
        &self.pivots
    }

    /// How much of each of those makes up what has the given coordinates, row by row.
    pub fn shares(&self, coordinates: &Matrix) -> Matrix {
        let mut values = Vec::with_capacity(coordinates.values.len());
        for row in coordinates.rows() {
            // The pivots' rows of the factor are a lower triangle: its transpose is solved from the last on.
            let mut shares: Vec<f64> = row.iter().map(|v| f64::from(*v)).collect();
            for column in (0..self.rank).rev() {
                let row = &self.factor[self.pivots[column] * self.rank..][..=column];
                shares[column] /= row[column];
                let share = shares[column];
                shares[..column].iter_mut().zip(row).for_each(|(other, v)| *other -= share * v);
            }
            values.extend(shares.iter().map(|v| *v as f32));
        }
        Matrix::new(self.rank, values)
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

    #[test]
    fn coordinates_keep_products_and_lead_back() {
        // The third is the first again, the fourth a sum: two directions hold all four.
        let vectors = Matrix::new(
            5,
            vec![1.0, 2.0, 0.0, -1.0, 3.0, 0.5, -2.0, 1.0, 1.0, 0.0, 1.0, 2.0, 0.0, -1.0, 3.0, 1.5, 0.0, 1.0, 0.0, 3.0],
        );
        for spanning in [[true; 4], [true, true, false, false]] {
            let gram = Gram::new(&vectors.products(), &spanning);
            assert!(gram.rank() == 2 && gram.pivots().iter().all(|pivot| spanning[*pivot]));
            let coordinates = gram.coordinates();
            let pivots = gram.pivots().iter().flat_map(|pivot| vectors.row(*pivot)).copied().collect();
            let back = gram.shares(&coordinates).times(&Matrix::new(5, pivots));
            for (found, expected) in [(&back, &vectors), (&coordinates.products(), &vectors.products())] {
                assert!(found.values.iter().zip(&expected.values).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?}");
            }
        }
    }
}
