//! A linear classifier's cross-entropy on the GPU, from features to the loss and back, in two dispatches each way: one
//! workgroup an example, which keeps in its memory what burn's operations would write between them.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::Tensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::{ON_GPU, UNITS, on_gpu, room, sum_of_units};

/// The most classes whose logits a workgroup keeps.
const MOST_CLASSES: usize = 1024;

/// Classes that a workgroup treats side by side; its other units share an example's features.
const ACROSS: u32 = 16;

/// The square of the shortest vector that has a direction.
const SHORTEST: f32 = 1e-12;

/// The inverse length of those that have none, and of all shorter ones.
const LONGEST_INVERSE: f32 = 1e6;

/// What follows a row's inputs and residuals: inverse lengths of the features and of what they differ by from the centre, the
/// loss, and whether the answer is right.
const MEASURES: usize = 4;

#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Sizes {
    batch: u32,
    features: u32,
    classes: u32,
    /// Of the classifier's inputs, where they are directions.
    length: f32,
    smoothing: f32,
}

/// `1 / |v|` of a vector with that square.
#[cube]
fn inverse_length(square: f32) -> f32 {
    1.0f32 / max(square, SHORTEST).sqrt()
}

/// What the classifier works on.
#[cube]
fn input(
    features: &[f32],
    centre: &ComptimeOption<&[f32]>,
    from: u32,
    feature: u32,
    near: f32,
    away: f32,
    length: f32,
) -> f32 {
    let value = features[(from + feature) as usize];
    #[comptime]
    match centre {
        ComptimeOption::Some(centre) => (value * near - centre[feature as usize]) * away * length,
        ComptimeOption::None => value,
    }
}

#[cube(launch_unchecked)]
#[expect(clippy::too_many_arguments)]
fn judge_kernel(
    features: &[f32],
    centre: ComptimeOption<&[f32]>,
    weight: &[f32],
    bias: &[f32],
    masses: &[f32],
    rows: &mut [f32],
    sizes: Sizes,
    #[comptime] units: u32,
    #[comptime] across: u32,
    #[comptime] most_classes: usize,
    #[comptime] measures: u32,
) {
    let unit = UNIT_POS;
    let example = CUBE_POS as u32;
    let (width, classes) = (sizes.features, sizes.classes);
    let from = example * width;
    let row = example * (width + classes + measures);

    let (mut near, mut away) = (0.0f32.runtime(), 0.0f32.runtime());
    #[comptime]
    if let ComptimeOption::Some(centre) = &centre {
        let mut square = 0.0f32;
        for feature in range_stepped(unit, width, units) {
            let value = features[(from + feature) as usize];
            square += value * value;
        }
        near = inverse_length(sum_of_units(square, units as usize));
        let mut square = 0.0f32;
        for feature in range_stepped(unit, width, units) {
            let value = features[(from + feature) as usize] * near - centre[feature as usize];
            square += value * value;
        }
        away = inverse_length(sum_of_units(square, units as usize));
    }
    for feature in range_stepped(unit, width, units) {
        rows[(row + feature) as usize] = input(features, &centre, from, feature, near, away, sizes.length);
    }

    let mut parts = Shared::<[f32]>::new_slice(units as usize);
    let mut logits = Shared::<[f32]>::new_slice(most_classes);
    let (lane, share) = (unit % across, unit / across);
    for first in range_stepped(0u32, classes, across) {
        let class = first + lane;
        let mut sum = 0.0f32;
        if class < classes {
            for feature in range_stepped(share, width, comptime!(units / across)) {
                sum += input(features, &centre, from, feature, near, away, sizes.length)
                    * weight[(feature * classes + class) as usize];
            }
        }
        parts[unit as usize] = sum;
        sync_cube();
        if (share == 0) & (class < classes) {
            let mut logit = bias[class as usize];
            #[unroll]
            for share in 0..comptime!(units / across) {
                logit += parts[(share * across + lane) as usize];
            }
            logits[class as usize] = logit;
        }
        sync_cube();
    }

    // All units do the same, which costs nothing: they wait for one another anyway.
    let first = example * classes;
    let mut largest = logits[0];
    let mut guess = 0u32;
    let mut most = masses[first as usize];
    let mut target = 0u32;
    for class in 1..classes {
        let logit = logits[class as usize];
        if logit > largest {
            largest = logit;
            guess = class;
        }
        let wanted = masses[(first + class) as usize];
        if wanted > most {
            most = wanted;
            target = class;
        }
    }
    let mut exponentials = 0.0f32;
    let mut plain = 0.0f32;
    let mut mass = 0.0f32;
    let mut along = 0.0f32;
    for class in 0..classes {
        let logit = logits[class as usize];
        let wanted = masses[(first + class) as usize];
        exponentials += (logit - largest).exp();
        plain += logit;
        mass += wanted;
        along += wanted * logit;
    }
    let normaliser = largest + exponentials.ln();
    let kept = 1.0f32 - sizes.smoothing;
    let spread = sizes.smoothing * mass / f32::cast_from(classes);
    for class in range_stepped(unit, classes, units) {
        let wanted = kept * masses[(first + class) as usize] + spread;
        rows[(row + width + class) as usize] = mass * (logits[class as usize] - normaliser).exp() - wanted;
    }
    if unit == 0 {
        let last = row + width + classes;
        rows[last as usize] = near;
        rows[(last + 1) as usize] = away;
        rows[(last + 2) as usize] = mass * normaliser - kept * along - spread * plain;
        rows[(last + 3) as usize] = select(guess == target, 1.0f32, 0.0f32);
    }
}

/// The mean of the losses; their sum, how many answers are right, and how many examples there are.
#[cube(launch_unchecked)]
fn total_kernel(rows: &[f32], mean: &mut [f32], sums: &mut [f32], sizes: Sizes, #[comptime] measures: u32) {
    if ABSOLUTE_POS == 0 {
        let mut loss = 0.0f32;
        let mut right = 0.0f32;
        for example in 0..sizes.batch {
            let last = (example + 1) * (sizes.features + sizes.classes + measures) - measures;
            loss += rows[(last + 2) as usize];
            right += rows[(last + 3) as usize];
        }
        let count = f32::cast_from(sizes.batch);
        mean[0] = loss / count;
        sums[0] = loss;
        sums[1] = right;
        sums[2] = count;
    }
}

/// Back to the features of an example.
#[cube(launch_unchecked)]
fn features_kernel(
    features: &[f32],
    weight: &[f32],
    rows: &[f32],
    outcome: &[f32],
    gradient: &mut [f32],
    sizes: Sizes,
    #[comptime] directions: bool,
    #[comptime] units: u32,
    #[comptime] measures: u32,
) {
    let unit = UNIT_POS;
    let example = CUBE_POS as u32;
    let (width, classes) = (sizes.features, sizes.classes);
    let from = example * width;
    let row = example * (width + classes + measures);
    let scale = outcome[0] / f32::cast_from(sizes.batch);
    let mut along = 0.0f32;
    for feature in range_stepped(unit, width, units) {
        let mut sum = 0.0f32;
        for class in 0..classes {
            sum += rows[(row + width + class) as usize] * weight[(feature * classes + class) as usize];
        }
        gradient[(from + feature) as usize] = sum * scale;
        along += sum * scale * rows[(row + feature) as usize];
    }
    if comptime!(directions) {
        // What a direction is told along itself changes nothing; a vector that is too short is only stretched.
        let last = (row + width + classes) as usize;
        let (first, second) = (rows[last], rows[last + 1]);
        let limit = 0.999 * LONGEST_INVERSE;
        let along = sum_of_units(along, units as usize) / (sizes.length * sizes.length);
        let along = select(second < limit, along, 0.0f32);
        let mut about = 0.0f32;
        for feature in range_stepped(unit, width, units) {
            let place = (from + feature) as usize;
            let value = (gradient[place] - rows[(row + feature) as usize] * along) * sizes.length * second;
            gradient[place] = value;
            about += value * features[place] * first;
        }
        let about = sum_of_units(about, units as usize);
        let about = select(first < limit, about, 0.0f32);
        for feature in range_stepped(unit, width, units) {
            let place = (from + feature) as usize;
            gradient[place] = (gradient[place] - features[place] * first * about) * first;
        }
    }
}

/// Back to the weight, and in one more row of it to the bias.
#[cube(launch_unchecked)]
fn weight_kernel(
    rows: &[f32],
    outcome: &[f32],
    of_weight: &mut [f32],
    of_bias: &mut [f32],
    sizes: Sizes,
    #[comptime] measures: u32,
) {
    let unit = ABSOLUTE_POS as u32;
    let (width, classes) = (sizes.features, sizes.classes);
    if unit >= (width + 1) * classes {
        terminate!();
    }
    let (feature, class) = (unit / classes, unit % classes);
    let mut sum = 0.0f32;
    for example in 0..sizes.batch {
        let row = example * (width + classes + measures);
        let residual = rows[(row + width + class) as usize];
        sum += residual * select(feature < width, rows[(row + feature) as usize], 1.0f32);
    }
    sum *= outcome[0] / f32::cast_from(sizes.batch);
    if feature < width {
        of_weight[unit as usize] = sum;
    } else {
        of_bias[class as usize] = sum;
    }
}

/// The cross-entropy of a linear classifier.
#[derive(Debug)]
pub struct CrossEntropyOp {
    /// `[batch, features]`.
    pub features: Tensor<2>,
    /// `[1, features]`: the classifier works on directions from there, which have the length that goes with it (see
    /// [`Embedding`](crate::head::Embedding)); without, on features as they are.
    pub centre: Option<(Tensor<2>, f32)>,
    /// `[features, classes]`.
    pub weight: Tensor<2>,
    /// `[classes]`.
    pub bias: Tensor<1>,
    /// `[batch, classes]`: how probable each class should be, times what the example counts; without automatic
    /// differentiation.
    pub masses: Tensor<2>,
    /// The share of those that is spread evenly over the classes, 0 to below 1.
    pub smoothing: f32,
}

impl CrossEntropyOp {
    /// The mean loss, `[1]`, differentiable; and, without automatic differentiation, `[3]`: the sum of the losses, how many
    /// examples are taken for the class that they should most probably be, and how many examples there are. `None` for more than
    /// 1,024 classes.
    ///
    /// # Panics
    /// If `features`, `weight` and `bias` are not on the GPU with automatic differentiation (without checkpointing), the others
    /// not on it without, or shapes do not fit.
    pub fn on_gpu(&self) -> Option<(Tensor<1>, Tensor<1>)> {
        let ([batch, width], [inputs, classes]) = (self.features.dims(), self.weight.dims());
        assert!(inputs == width && self.masses.dims() == [batch, classes], "shapes fit");
        if classes > MOST_CLASSES {
            return None;
        }
        let masses = into_contiguous(on_gpu(self.masses.clone()));
        let (centre, length) = match &self.centre {
            Some((centre, length)) => (Some(into_contiguous(on_gpu(centre.clone()))), *length),
            None => (None, 1.0),
        };
        let matrix = |tensor: &Tensor<2>| tensor.clone().try_into_primitive::<Autodiff<CubeBackend>>().expect(ON_GPU);
        let (features, weight) = (matrix(&self.features), matrix(&self.weight));
        let bias = self.bias.clone().try_into_primitive::<Autodiff<CubeBackend>>().expect(ON_GPU);
        let nodes = [features.node(), weight.node(), bias.node()];
        let [features, weight, bias] = [features, weight, bias].map(|tensor| into_contiguous(tensor.into_primitive()));

        let rows = room(&features, [batch, width + classes + MEASURES]);
        let [mean, sums] = [1, 3].map(|length| room(&features, [length]));
        let saved =
            Saved { features, weight, rows, sizes: [batch, width, classes], length, directions: centre.is_some() };
        let sizes = || saved.sizes(self.smoothing);
        let dim = CubeDim::new_1d(UNITS);
        // SAFETY: there is a workgroup for each example, and the lengths of all tensors follow from these sizes.
        unsafe {
            judge_kernel::launch_unchecked(
                &saved.rows.client,
                CubeCount::new_1d(batch as u32),
                dim,
                saved.features.clone().into_buffer_arg(),
                centre.map(|centre| centre.into_buffer_arg()).into(),
                saved.weight.clone().into_buffer_arg(),
                bias.into_buffer_arg(),
                masses.into_buffer_arg(),
                saved.rows.clone().into_buffer_arg(),
                sizes(),
                UNITS,
                ACROSS,
                MOST_CLASSES,
                MEASURES as u32,
            );
            total_kernel::launch_unchecked(
                &saved.rows.client,
                CubeCount::new_1d(1),
                CubeDim::new_1d(1),
                saved.rows.clone().into_buffer_arg(),
                mean.clone().into_buffer_arg(),
                sums.clone().into_buffer_arg(),
                sizes(),
                MEASURES as u32,
            );
        }
        let loss = match CrossEntropyBackward.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(saved, mean),
            OpsKind::UnTracked(prepared) => prepared.finish(mean),
        };
        Some((Tensor::from_primitive::<Autodiff<CubeBackend>>(loss), Tensor::from_primitive::<CubeBackend>(sums)))
    }
}

/// What the way back needs.
#[derive(Debug, Clone)]
struct Saved {
    features: CubeTensor,
    weight: CubeTensor,
    /// Of each example the classifier's inputs, a residual for each class, and [`MEASURES`].
    rows: CubeTensor,
    /// Batch, features and classes.
    sizes: [usize; 3],
    length: f32,
    directions: bool,
}

impl Saved {
    fn sizes(&self, smoothing: f32) -> SizesLaunch {
        let [batch, features, classes] = self.sizes.map(|size| size as u32);
        SizesLaunch::new(batch, features, classes, self.length, smoothing)
    }

    fn of_features(&self, outcome: &CubeTensor) -> CubeTensor {
        let gradient = room(&self.features, self.features.meta.shape().clone());
        // SAFETY: there is a workgroup for each example, and the lengths of all tensors follow from these sizes.
        unsafe {
            features_kernel::launch_unchecked(
                &outcome.client,
                CubeCount::new_1d(self.sizes[0] as u32),
                CubeDim::new_1d(UNITS),
                self.features.clone().into_buffer_arg(),
                self.weight.clone().into_buffer_arg(),
                self.rows.clone().into_buffer_arg(),
                outcome.clone().into_buffer_arg(),
                gradient.clone().into_buffer_arg(),
                self.sizes(0.0),
                self.directions,
                UNITS,
                MEASURES as u32,
            );
        }
        gradient
    }

    fn of_parameters(&self, outcome: &CubeTensor) -> [CubeTensor; 2] {
        let [_, width, classes] = self.sizes;
        let found = [room(&self.weight, [width, classes]), room(&self.weight, [classes])];
        let [of_weight, of_bias] = found.clone().map(|tensor| tensor.into_buffer_arg());
        let dim = CubeDim::new_1d(UNITS);
        // SAFETY: units beyond the last value do nothing, and the lengths of all tensors follow from these sizes.
        unsafe {
            weight_kernel::launch_unchecked(
                &outcome.client,
                calculate_cube_count_elemwise(&outcome.client, (width + 1) * classes, dim),
                dim,
                self.rows.clone().into_buffer_arg(),
                outcome.clone().into_buffer_arg(),
                of_weight,
                of_bias,
                self.sizes(0.0),
                MEASURES as u32,
            );
        }
        found
    }
}

#[derive(Debug)]
struct CrossEntropyBackward;

impl Backward<CubeBackend, 3> for CrossEntropyBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let saved = ops.state;
        let outcome = into_contiguous(gradients.consume::<CubeBackend>(&ops.node));
        let [features, weight, bias] = ops.parents;
        if let Some(features) = features {
            gradients.register::<CubeBackend>(features.id, saved.of_features(&outcome));
        }
        if weight.is_some() || bias.is_some() {
            for (parent, gradient) in [weight, bias].into_iter().zip(saved.of_parameters(&outcome)) {
                if let Some(parent) = parent {
                    gradients.register::<CubeBackend>(parent.id, gradient);
                }
            }
        }
    }
}
