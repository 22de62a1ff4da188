//! Eigenvectors of a symmetric matrix.

/// Eigenvalues, largest first, and the eigenvector of each, of the symmetric `matrix` of `n` rows.
///
/// Jacobi's cyclic rotations (Golub and Van Loan, "Matrix Computations", 4th ed., section 8.5): slower than reducing the
/// matrix first, but a few hundred rows take seconds, once a pretraining.
pub fn eigen(mut matrix: Vec<f64>, n: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    // Rows are eigenvectors in the end.
    let mut vectors: Vec<f64> = (0..n * n).map(|index| f64::from(u8::from(index / n == index % n))).collect();
    let whole: f64 = matrix.iter().map(|v| v * v).sum();
    for _ in 0..SWEEPS {
        let beside: f64 = (0..n)
            .flat_map(|i| (0..n).filter(move |j| *j != i).map(move |j| i * n + j))
            .map(|at| matrix[at].powi(2))
            .sum();
        if beside <= whole * 1e-22 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut matrix, &mut vectors, n, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| matrix[b * n + b].total_cmp(&matrix[a * n + a]));
    order.iter().map(|index| (matrix[index * n + index], vectors[index * n..][..n].to_vec())).unzip()
}

/// Far more than are needed: convergence is quadratic.
const SWEEPS: usize = 50;

/// Makes the values at row p, column q, and at row q, column p, zero.
fn rotate(matrix: &mut [f64], vectors: &mut [f64], n: usize, p: usize, q: usize) {
    let beside = matrix[p * n + q];
    if beside == 0.0 {
        return;
    }
    let ratio = (matrix[q * n + q] - matrix[p * n + p]) / (2.0 * beside);
    let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
    let cosine = tangent.hypot(1.0).recip();
    let sine = tangent * cosine;
    let turn = |values: &mut [f64], a: usize, b: usize| {
        let (x, y) = (values[a], values[b]);
        (values[a], values[b]) = (cosine * x - sine * y, sine * x + cosine * y);
    };
    (0..n).for_each(|k| turn(matrix, k * n + p, k * n + q));
    (0..n).for_each(|k| turn(matrix, p * n + k, q * n + k));
    (0..n).for_each(|k| turn(vectors, p * n + k, q * n + k));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvectors_are_only_stretched() {
        const N: usize = 12;
        let matrix: Vec<f64> =
            (0..N * N).map(|at| ((at / N * (at % N)) as f64).sin() + f64::from(u8::from(at / N == at % N))).collect();
        let (values, vectors) = eigen(matrix.clone(), N);
        assert!(values.is_sorted_by(|a, b| a >= b));
        for (value, vector) in values.iter().zip(&vectors) {
            assert!((vector.iter().map(|v| v * v).sum::<f64>() - 1.0).abs() < 1e-9);
            for (row, expected) in matrix.chunks_exact(N).zip(vector) {
                let found: f64 = row.iter().zip(vector).map(|(a, b)| a * b).sum();
                assert!((found - value * expected).abs() < 1e-9, "{found} {value}");
            }
        }
    }
}
