//! Means, and how far to trust them.

/// The mean, and the half width of its 95 % confidence interval by Student's t.
pub fn mean_and_ci95(values: &[f64]) -> (f64, Option<f64>) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (values.len() > 1).then(|| t975(values.len() - 1) * (variance / count).sqrt()))
}

/// The middle one, or the mean of the middle two; not a number of nothing.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let [low, high] = [values.len().saturating_sub(1) / 2, values.len() / 2];
    values.get(low).zip(values.get(high)).map_or(f64::NAN, |(low, high)| low.midpoint(*high))
}

/// The 97.5 % quantile of Student's t: exact where it is steep, then the expansion of Abramowitz and Stegun, 26.7.5.
fn t975(degrees: usize) -> f64 {
    const STEEP: [f64; 5] = [12.706, 4.303, 3.182, 2.776, 2.571];
    let (z, n): (f64, f64) = (1.959_964, degrees as f64);
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    STEEP.get(degrees - 1).copied().unwrap_or(z + first / n + second / n.powi(2) + third / n.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_students() {
        for (degrees, expected) in [(1, 12.706), (4, 2.776), (9, 2.262), (19, 2.093), (1000, 1.962)] {
            assert!((t975(degrees) - expected).abs() < 0.004, "{degrees}: {}", t975(degrees));
        }
        let (mean, ci95) = mean_and_ci95(&[0.5, 0.7]);
        assert!((mean - 0.6).abs() < 1e-12 && (ci95.unwrap() - 12.706 * 0.1).abs() < 1e-9);
        assert_eq!(mean_and_ci95(&[0.5]).1, None);
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(vec![]).is_nan());
    }
}
