//! The loss of telling drawings apart by the prototypes of a few others.

use burn::prelude::*;
use burn::tensor::Int;
use burn::tensor::activation::log_softmax;

/// Mean cross-entropy of `features` `[categories * drawings, features]`, category by category, each against the
/// prototypes of all categories, its own made without it. Directions and centring are those of the heads on them.
pub fn loss(features: Tensor<2>, categories: usize, scale: f32) -> Tensor<1> {
    let [count, length] = features.dims();
    let drawings = count / categories;
    let device = features.device();
    let directions = unit(features);
    let directions = unit(directions.clone() - directions.mean_dim(0));
    let grouped = directions.clone().reshape([categories, drawings, length]);
    let sums = grouped.clone().sum_dim(1);
    let without = unit((sums.clone() - grouped).reshape([count, length]));
    let prototypes = unit(sums.reshape([categories, length]));
    let cosines = directions.clone().matmul(prototypes.transpose());
    let own = (directions * without).sum_dim(1);
    let targets = Tensor::<1, Int>::from_data(
        TensorData::new((0..count).map(|i| (i / drawings) as i32).collect::<Vec<_>>(), [count]),
        &device,
    );
    let is_own: Tensor<2> = targets.one_hot::<2>(categories).float();
    let cosines = cosines * (is_own.clone().neg() + 1.0) + own * is_own.clone();
    (log_softmax(cosines * scale, 1) * is_own).sum().neg() / count as f32
}

/// Rows at length one.
fn unit(rows: Tensor<2>) -> Tensor<2> {
    let norms = rows.clone().square().sum_dim(1).sqrt() + 1e-6;
    rows / norms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rows: &[[f32; 3]]) -> f32 {
        loss(Tensor::from_data(TensorData::new(rows.concat(), [rows.len(), 3]), &Device::flex()), 2, 10.0).into_scalar()
    }

    #[test]
    fn is_small_where_categories_lie_apart_and_large_where_they_are_mixed() {
        let (apart, mixed) = (
            at(&[[1.0, 0.1, 0.0], [1.0, 0.0, 0.1], [0.0, 1.0, 0.1], [0.1, 1.0, 0.0]]),
            at(&[[1.0, 0.1, 0.0], [0.0, 1.0, 0.1], [1.0, 0.0, 0.1], [0.1, 1.0, 0.0]]),
        );
        assert!(apart < 0.01 && mixed > 5.0, "{apart} {mixed}");
    }

    #[test]
    fn a_drawing_does_not_help_its_own_prototype() {
        // Of two drawings a category, each must be told by the other alone: with opposite ones, that fails for sure.
        let opposite = at(&[[1.0, 0.0, 0.2], [-1.0, 0.0, 0.2], [0.0, 1.0, -0.2], [0.0, -1.0, -0.2]]);
        assert!(opposite > 0.7, "{opposite}");
    }
}
