//! Scalar products.

/// Lanes that are added up side by side, so that sums can use SIMD.
const LANES: usize = 8;

/// The scalar product.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let mut total: f32 = sums.into_iter().sum();
    a_rest.iter().zip(b_rest).for_each(|(a, b)| total += *a * *b);
    total
}

#[cfg(test)]
mod tests {
    use super::dot;

    #[test]
    fn is_the_sum_of_products() {
        for length in [0, 7, 8, 19] {
            let values: Vec<f32> = (0..length).map(|v| v as f32).collect();
            assert_eq!(dot(&values, &values), (0..length).map(|v| (v * v) as f32).sum::<f32>());
        }
    }
}
