//! What differs between drawings of one category, whichever it is: directions of the features that say little.

use burn::tensor::TensorData;

use super::eigen::eigen;

/// How many directions are kept. All 320 would be no better, and take a tenth of the file.
const DIRECTIONS: usize = 128;

/// Added to each direction's variance, as a share of the mean one: the fewer drawings there are, the less is known.
const DOUBT: f64 = 0.3;

/// Directions to be held back.
pub struct Nuisance(Vec<Direction>);

struct Direction {
    /// Of length one, at right angles to the others.
    axis: Vec<f64>,
    /// Share of it that is taken away, 0 to below 1.
    taken: f64,
}

impl Nuisance {
    /// From pooled features, row by row, and the category of each.
    ///
    /// Scaled to length one, the features' covariance within categories is divided out by its root, up to a common factor.
    pub fn fit(features: &[Vec<f32>], targets: &[usize]) -> Self {
        let length = features.first().map_or(0, Vec::len);
        let rows: Vec<Vec<f64>> = features.iter().map(|row| unit(row)).collect();
        let categories = targets.iter().max().map_or(0, |most| most + 1);
        let mut means = vec![(vec![0.0; length], 0.0); categories];
        for (row, target) in rows.iter().zip(targets) {
            means[*target].0.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
            means[*target].1 += 1.0;
        }
        let mut covariance = vec![0.0; length * length];
        for (row, target) in rows.iter().zip(targets) {
            let (sums, count) = &means[*target];
            let centred: Vec<f64> = row.iter().zip(sums).map(|(v, sum)| v - sum / count).collect();
            for (row, a) in covariance.chunks_exact_mut(length.max(1)).zip(&centred) {
                row.iter_mut().zip(&centred).for_each(|(sum, b)| *sum += a * b / rows.len() as f64);
            }
        }
        let (variances, axes) = eigen(covariance, length);
        let doubt = DOUBT * variances.iter().sum::<f64>() / length as f64;
        let factors: Vec<f64> = variances.iter().map(|variance| (variance.max(0.0) + doubt).sqrt().recip()).collect();
        let (kept, rest) = factors.split_at(DIRECTIONS.min(length / 2));
        let common = rest.iter().sum::<f64>() / rest.len() as f64;
        let taken = kept.iter().map(|factor| (1.0 - factor / common).max(0.0));
        Self(axes.into_iter().zip(taken).map(|(axis, taken)| Direction { axis, taken }).collect())
    }

    /// `[directions, features]`: each axis as long as the root of the share of it that is taken away.
    pub fn to_data(&self) -> TensorData {
        let row = |Direction { axis, taken }: &Direction| {
            let length = taken.sqrt();
            axis.iter().map(|v| (v * length) as f32).collect::<Vec<_>>()
        };
        let shape = [self.0.len(), self.0.first().map_or(0, |direction| direction.axis.len())];
        TensorData::new(self.0.iter().flat_map(row).collect::<Vec<f32>>(), shape)
    }

    /// A classifier's rows, such that on features without nuisance they say what `rows` say on features with it: what is
    /// taken away from the features is added to them.
    pub fn adapt(&self, rows: &[f32]) -> Vec<f32> {
        let length = self.0.first().map_or(1, |direction| direction.axis.len());
        let adapt = |row: &[f32]| {
            let mut adapted: Vec<f64> = row.iter().copied().map(f64::from).collect();
            for Direction { axis, taken } in &self.0 {
                let along: f64 = axis.iter().zip(row).map(|(a, v)| a * f64::from(*v)).sum();
                let more = along * taken / (1.0 - taken);
                adapted.iter_mut().zip(axis).for_each(|(v, a)| *v += more * a);
            }
            adapted.into_iter().map(|v| v as f32).collect::<Vec<_>>()
        };
        rows.chunks_exact(length).flat_map(adapt).collect()
    }
}

/// `row` at length one.
fn unit(row: &[f32]) -> Vec<f64> {
    let norm = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt().max(1e-9);
    row.iter().map(|v| f64::from(*v) / norm).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two categories that differ in the second value, and vary a lot in the first.
    fn fit() -> (Vec<Vec<f32>>, Nuisance) {
        let row = |index: usize| {
            let [varies, tells] = [(index as f32 * 0.7).sin(), if index.is_multiple_of(2) { 0.3 } else { -0.3 }];
            vec![varies, tells, 0.02 * (index as f32).cos(), 1.0]
        };
        let rows: Vec<Vec<f32>> = (0..40).map(row).collect();
        let targets: Vec<usize> = (0..40).map(|index| index % 2).collect();
        let nuisance = Nuisance::fit(&rows, &targets);
        (rows, nuisance)
    }

    /// What the network makes of features, in its way.
    fn free(row: &[f32], nuisance: &Nuisance) -> Vec<f32> {
        let directions: Vec<f32> = nuisance.to_data().try_into_vec().unwrap();
        let mut freed = row.to_vec();
        for direction in directions.chunks_exact(row.len()) {
            let along: f32 = direction.iter().zip(row).map(|(d, v)| d * v).sum();
            freed.iter_mut().zip(direction).for_each(|(v, d)| *v -= along * d);
        }
        freed
    }

    #[test]
    fn what_varies_within_categories_is_held_back() {
        let (_, nuisance) = fit();
        let [first, second] = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]].map(|axis: [f32; 4]| free(&axis, &nuisance));
        assert!(first[0] < 0.7 && second[1] > 0.9, "{first:?} {second:?}");
    }

    #[test]
    fn an_adapted_classifier_says_the_same() {
        let (rows, nuisance) = fit();
        let classifier = [0.5f32, -1.0, 2.0, 0.1];
        let adapted = nuisance.adapt(&classifier);
        for row in rows {
            let says = |row: &[f32], classifier: &[f32]| row.iter().zip(classifier).map(|(v, c)| v * c).sum::<f32>();
            let [before, after] = [says(&row, &classifier), says(&free(&row, &nuisance), &adapted)];
            assert!((before - after).abs() < 1e-4, "{before} {after}");
        }
    }
}
