//! A step of Adam in one pass over memory, where separate operations take a dozen.

use super::threads;
use super::vectors::vectorized;
use burn::prelude::*;
use burn_flex::{Flex, FlexTensor};

/// Values that are treated at once: four such runs stay in a core's second-level cache. Fixed, so that sums do not depend
/// on the number of cores.
const RUN: usize = 1 << 14;

/// From fewer values on, waking other cores takes longer than the work.
const ALONE: usize = 4 * RUN;

/// One step of Adam: Kingma and Ba, "Adam", 2015 (arXiv 1412.6980), with either kind of weight decay.
#[derive(Debug, Clone, Copy)]
pub struct AdamStep {
    /// Times the corrected mean over the root of the corrected mean square.
    pub rate: f64,
    /// Shares of the mean of gradients, and of that of their squares, that are kept.
    pub betas: [f32; 2],
    /// Added to the root.
    pub epsilon: f32,
    /// Steps so far, with this one.
    pub time: usize,
    /// Of the parameters, added to the gradient.
    pub penalty: f32,
    /// Of the parameters, taken away (Loshchilov and Hutter, 2019, arXiv 1711.05101).
    pub decay: f64,
    /// The largest norm of the gradient: a longer one is scaled down to it first.
    pub clip: Option<f32>,
}

impl AdamStep {
    /// The next parameters and moments (the means of gradients and of their squares), from those before (none: zeros).
    /// Memory that nothing else uses is used again.
    ///
    /// # Panics
    /// If a tensor is one with automatic differentiation, on another device, or of another shape.
    pub fn apply<const D: usize>(
        &self,
        parameters: Tensor<D>,
        gradient: Tensor<D>,
        moments: Option<[Tensor<D>; 2]>,
    ) -> (Tensor<D>, [Tensor<D>; 2]) {
        let shape = gradient.dims();
        assert!(parameters.dims() == shape, "parameters and gradient are of one shape");
        #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
        if !crate::device::is_cpu(&gradient.device()) {
            use super::gpu::{adam, on_gpu};
            let [parameters, gradient] = [parameters, gradient].map(on_gpu);
            let moments = moments.map(|moments| moments.map(on_gpu));
            let (next, moments) = adam(&self.factors(1.0), self.clip, parameters, gradient, moments);
            let tensor = Tensor::from_primitive::<burn_cubecl::CubeBackend>;
            return (tensor(next), moments.map(tensor));
        }
        let plain = |tensor: Tensor<D>| {
            tensor.try_into_primitive::<Flex>().expect("this kernel is for tensors on the CPU or on a GPU")
        };
        let moments = moments.map(|moments| moments.map(plain));
        let (next, moments) = self.apply_on_cpu(plain(parameters), plain(gradient), moments);
        (Tensor::from_primitive::<Flex>(next), moments.map(Tensor::from_primitive::<Flex>))
    }

    /// Apart from ranks, of which burn's optimizers know many.
    fn apply_on_cpu(
        &self,
        parameters: FlexTensor,
        gradient: FlexTensor,
        moments: Option<[FlexTensor; 2]>,
    ) -> (FlexTensor, [FlexTensor; 2]) {
        let parameters = parameters.to_contiguous();
        // Parameters are mostly shared with the network that is being stepped, gradients never: they make room.
        let mut next = owned(gradient.to_contiguous());
        let [mut mean, mut square] = match moments {
            Some(moments) => moments.map(|moment| owned(moment.to_contiguous())),
            None => [0, 1].map(|_| FlexTensor::zeros(next.layout().shape().clone(), burn::tensor::DType::F32)),
        };
        let values = parameters.as_slice::<f32>().expect("it is contiguous");
        self.apply_to(values, next.storage_mut(), mean.storage_mut(), square.storage_mut());
        (next, [mean, square])
    }

    /// The gradient becomes the next parameters.
    fn apply_to(&self, parameters: &[f32], gradient: &mut [f32], mean: &mut [f32], square: &mut [f32]) {
        let length = parameters.len();
        assert!([gradient.len(), mean.len(), square.len()] == [length; 3], "all are of one length");
        let factors = self.factors(self.clip.map_or(1.0, |most| within(norm(gradient), most)));
        let gradient = gradient.chunks_mut(RUN);
        let runs = parameters.chunks(RUN).zip(gradient).zip(mean.chunks_mut(RUN)).zip(square.chunks_mut(RUN));
        let runs = runs.map(|(((parameters, gradient), mean), square)| (parameters, [gradient, mean, square]));
        let work = |(parameters, [gradient, mean, square]): (&[f32], [&mut [f32]; 3])| {
            vectorized(
                #[inline(always)]
                || factors.apply(parameters, gradient, mean, square),
            );
        };
        if length <= ALONE { runs.for_each(work) } else { drop(threads::each(runs.collect(), work)) }
    }

    fn factors(&self, scale: f32) -> Factors {
        // In single precision, as in burn: squared gradients' share of 0.001 has an error of 1e-5 there.
        let [left_1, left_2] = self.betas.map(|beta| 1.0 - beta.powi(self.time as i32));
        let root = left_2.sqrt();
        Factors {
            scale,
            penalty: self.penalty,
            kept: self.betas,
            added: self.betas.map(|beta| 1.0 - beta),
            // Both moments' corrections in one factor.
            rate: (self.rate * f64::from(root / left_1)) as f32,
            epsilon: self.epsilon * root,
            left: (1.0 - self.decay) as f32,
        }
    }
}

/// What every value is treated with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factors {
    scale: f32,
    pub(super) penalty: f32,
    pub(super) kept: [f32; 2],
    added: [f32; 2],
    pub(super) rate: f32,
    pub(super) epsilon: f32,
    pub(super) left: f32,
}

impl Factors {
    #[inline(always)]
    fn apply(self, parameters: &[f32], gradient: &mut [f32], mean: &mut [f32], square: &mut [f32]) {
        let length = parameters.len();
        let (gradient, mean, square) = (&mut gradient[..length], &mut mean[..length], &mut square[..length]);
        for i in 0..length {
            let g = gradient[i] * self.scale + parameters[i] * self.penalty;
            let m = mean[i] * self.kept[0] + g * self.added[0];
            let s = square[i] * self.kept[1] + g * g * self.added[1];
            (mean[i], square[i]) = (m, s);
            gradient[i] = parameters[i] * self.left - m * self.rate / (s.sqrt() + self.epsilon);
        }
    }
}

/// The factor that makes `norm` at most `most`.
fn within(norm: f32, most: f32) -> f32 {
    (most / (norm + f32::MIN_POSITIVE)).min(1.0)
}

/// The root of the sum of squares.
fn norm(values: &[f32]) -> f32 {
    // The parts of a run that are summed in single precision, one beside the other.
    const LANES: usize = 64;
    let sum = |run: &[f32]| -> f64 {
        let mut sums = [0.0f32; LANES];
        let (rows, rest) = run.as_chunks::<LANES>();
        vectorized(
            #[inline(always)]
            || {
                for row in rows {
                    for lane in 0..LANES {
                        sums[lane] += row[lane] * row[lane];
                    }
                }
            },
        );
        let squares = rest.iter().map(|v| v * v);
        sums.into_iter().chain(squares).map(f64::from).sum()
    };
    let runs = values.chunks(RUN);
    let sums: Vec<f64> =
        if values.len() <= ALONE { runs.map(sum).collect() } else { threads::each(runs.collect(), sum) };
    sums.iter().sum::<f64>().sqrt() as f32
}

/// `tensor`, contiguous, in memory of its own and no more of it.
fn owned(tensor: FlexTensor) -> FlexTensor {
    let values = tensor.as_slice::<f32>().expect("it is contiguous");
    if tensor.is_unique() && tensor.storage::<f32>().len() == values.len() {
        return tensor;
    }
    FlexTensor::from_data(TensorData::new(values.to_vec(), tensor.layout().shape().clone()))
}

#[cfg(test)]
mod tests {
    use burn::grad_clipping::GradientClippingConfig;
    use burn::optim::decay::WeightDecayConfig;
    use burn::optim::{AdamConfig, AdamWConfig, AdaptiveMomentumState, Optimizer};
    use burn::tensor::Distribution;

    use super::*;

    fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
        tensor.to_data().try_to_vec().unwrap()
    }

    fn assert_equal(ours: &Tensor<2>, burns: &Tensor<2>) {
        let (ours, burns) = (values(ours), values(burns));
        let largest = burns.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        for (a, b) in ours.iter().zip(&burns) {
            // Relative to the value, or for small ones, the differences of larger ones, to the largest.
            let apart = (a - b).abs() / b.abs().max(0.1 * largest);
            assert!(apart < 1e-6, "{a} and {b}");
        }
    }

    /// Steps of ours beside those of `burns`, which gets the clipped gradient, from the same start.
    fn compare<O: Optimizer>(
        shape: [usize; 2],
        clip: Option<f32>,
        burns: O,
        momentum: impl Fn(O::State<2>) -> AdaptiveMomentumState<2>,
        state: impl Fn(AdaptiveMomentumState<2>) -> O::State<2>,
        step: AdamStep,
    ) {
        let device = Device::flex();
        device.seed(3);
        let mut ours = (Tensor::<2>::random(shape, Distribution::Default, &device), None);
        let mut theirs = (ours.0.clone(), None);
        for time in 1..=6 {
            // The fourth is a view of another memory layout.
            let gradient = match time {
                4 => Tensor::random([shape[1], shape[0]], Distribution::Normal(0.1, 0.3), &device).transpose(),
                _ => Tensor::<2>::random(shape, Distribution::Normal(0.0, 0.2), &device),
            };
            let clipped = match clip {
                Some(most) => GradientClippingConfig::Norm(most).init().clip_gradient(gradient.clone()),
                None => gradient.clone(),
            };
            let (parameters, moments) = AdamStep { time, clip, ..step }.apply(ours.0, gradient, ours.1);
            let (next, next_state) = burns.step(step.rate, theirs.0, clipped, theirs.1.map(&state));
            let found = momentum(next_state.unwrap());
            assert_equal(&parameters, &next);
            assert_equal(&moments[0], &found.moment_1);
            assert_equal(&moments[1], &found.moment_2);
            ours = (parameters, Some(moments));
            theirs = (next, Some(found));
        }
    }

    const STEP: AdamStep =
        AdamStep { rate: 0.1, betas: [0.9, 0.999], epsilon: 1e-8, time: 1, penalty: 0.0, decay: 0.0, clip: None };

    #[test]
    fn steps_as_burns_adam_and_adamw() {
        // Not the long one with clipping at work: burn's sum of squares, in single precision, is 5e-6 off.
        for (shape, clips) in
            [([1, 1], [None, Some(0.05)]), ([7, 13], [None, Some(1.0)]), ([300, 411], [None, Some(1e6)])]
        {
            for clip in clips {
                let config = AdamConfig::new().with_epsilon(1e-8);
                let (momentum, state) =
                    (|state: burn::optim::AdamState<2>| state.momentum, burn::optim::AdamState::new);
                compare(shape, clip, config.build(), momentum, state, STEP);
                let config = config.with_weight_decay(Some(WeightDecayConfig::new(0.1)));
                compare(shape, clip, config.build(), momentum, state, AdamStep { penalty: 0.1, ..STEP });
                let config = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.2);
                let (momentum, state) =
                    (|state: burn::optim::AdamWState<2>| state.momentum, burn::optim::AdamWState::new);
                compare(shape, clip, config.build(), momentum, state, AdamStep { decay: 0.1 * 0.2, ..STEP });
            }
        }
    }

    #[test]
    fn norms_are_exact() {
        Device::flex().seed(5);
        for length in [0, 1, 63, 1000, 3 * RUN + 77, ALONE + 1] {
            let tensor = Tensor::<1>::random([length], Distribution::Normal(0.1, 1.0), &Device::flex());
            let expected = values(&tensor).iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
            assert!((f64::from(norm(&values(&tensor))) - expected).abs() <= 2e-7 * expected, "{length}");
        }
    }

    #[test]
    fn leaves_what_others_hold_alone() {
        let device = Device::flex();
        let tensor = || Tensor::<2>::random([5, 4], Distribution::Normal(0.0, 1.0), &device);
        let held = [tensor(), tensor(), tensor(), tensor().square()];
        let before = held.each_ref().map(values);
        let [parameters, gradient, mean, square] = held.clone();
        let (shared, _) = STEP.apply(parameters, gradient, Some([mean, square]));
        assert_eq!(held.each_ref().map(values), before);
        // A part of a longer tensor, too.
        let long = Tensor::cat(vec![tensor(), held[1].clone()], 0);
        let gradient = long.clone().narrow(0, 5, 5);
        let (part, _) = STEP.apply(held[0].clone(), gradient, Some([held[2].clone(), held[3].clone()]));
        assert_eq!(values(&part), values(&shared));
        assert_eq!(values(&long)[20..], before[1]);
    }

    // WebAssembly has one thread, and is built without rayon.
    #[cfg(not(target_family = "wasm"))]
    #[test]
    fn the_number_of_cores_changes_no_bit() {
        let device = Device::flex();
        let tensor = || Tensor::<1>::random([ALONE + 3 * RUN + 5], Distribution::Normal(0.0, 1.0), &device);
        let (parameters, gradient) = (tensor(), tensor());
        let step = AdamStep { clip: Some(2.0), ..STEP };
        let on = |cores: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(cores).build().unwrap();
            let (next, [mean, square]) = pool.install(|| step.apply(parameters.clone(), gradient.clone(), None));
            [next, mean, square].map(|tensor| values(&tensor))
        };
        assert!(on(1) == on(3));
    }
}
