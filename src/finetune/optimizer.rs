//! How gradients become steps.

use burn::grad_clipping::GradientClippingConfig;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    self, AdamWState, AdaptiveMomentumState, LearningRate, LionConfig, ModuleOptimizer, RecordState, SgdConfig,
    StateSink, StateSource, join_path,
};
use burn::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::kernels::AdamStep;

/// Share of the mean of past gradients that a step of Adam and its kin keeps, as in Adam's paper.
const BETA_1: f64 = 0.9;

/// Share of the mean of past squared gradients that it keeps.
const BETA_2: f64 = 0.999;

/// Keeps it from dividing by zero. As in Adam's paper: burn's 1e-5, meant for half precision, would hold back parameters
/// of small gradients.
const EPSILON: f32 = 1e-8;

/// What turns gradients into steps, with its settings. Every field has a default, unknown ones are refused.
///
/// `weight_decay` is 0 to 1. SGD and Adam add it times the parameters to the gradient (an L2 penalty), the others shrink
/// the parameters by it times the rate, apart from the gradient (Loshchilov and Hutter, 2019, arXiv 1711.05101).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Optimizer {
    /// None: the head is solved for by logistic regression.
    // With braces, as serde refuses no unknown fields of a unit variant.
    Logistic {},
    /// Stochastic gradient descent with heavy-ball momentum.
    Sgd {
        /// Share of the last step that is added to the next, 0 to below 1.
        #[serde(default = "default_momentum")]
        momentum: f64,
        /// L2 penalty.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Kingma and Ba, 2015, arXiv 1412.6980.
    Adam {
        /// L2 penalty.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Loshchilov and Hutter, 2019, arXiv 1711.05101.
    AdamW {
        /// Decoupled.
        #[serde(default = "default_decoupled")]
        weight_decay: f64,
    },
    /// Liu et al., 2020, arXiv 1908.03265: Adam that needs no warm-up, as it trusts its squared gradients only as far as
    /// there are enough of them. Its first four steps are as long as the gradients, times the rate: clipping tames them.
    RAdam {
        /// Decoupled.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Chen et al., 2023, arXiv 2302.06675: steps of one length for all parameters. It wants a rate three to
    /// ten times lower than AdamW's.
    Lion {
        /// Decoupled.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Zhang et al., 2019, arXiv 1907.08610: another optimizer runs ahead, and every few steps the weights go back to
    /// part of the way that it came. Around RAdam, its default, it is known as Ranger.
    Lookahead {
        /// Steps between going back, 1 to 1000.
        #[serde(default = "default_steps")]
        steps: usize,
        /// Share of the way that is kept, above 0 and at most 1.
        #[serde(default = "default_share")]
        share: f64,
        /// What runs ahead: any but [`Optimizer::Logistic`] and another [`Optimizer::Lookahead`].
        #[serde(default = "default_inner")]
        inner: Box<Optimizer>,
    },
}

fn default_momentum() -> f64 {
    0.9
}

fn default_decoupled() -> f64 {
    0.01
}

fn default_steps() -> usize {
    5
}

fn default_share() -> f64 {
    0.5
}

fn default_inner() -> Box<Optimizer> {
    Box::new(Optimizer::RAdam { weight_decay: 0.0 })
}

/// Refuses the value of an option unless it is `good`.
pub(super) fn allow(good: bool, name: &str, value: impl std::fmt::Display, allowed: &str) -> Result<()> {
    if good { Ok(()) } else { Err(Error::BadOption(format!("{name} is {value}, but must be {allowed}"))) }
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::AdamW { weight_decay: 0.01 }
    }
}

impl Optimizer {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::BadOption`] naming the option and what it may be.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Logistic {} => Ok(()),
            Self::Sgd { momentum, weight_decay } => {
                allow((0.0..1.0).contains(momentum), "momentum", momentum, "0 to below 1")?;
                check_decay(*weight_decay)
            }
            Self::Adam { weight_decay }
            | Self::AdamW { weight_decay }
            | Self::RAdam { weight_decay }
            | Self::Lion { weight_decay } => check_decay(*weight_decay),
            Self::Lookahead { steps, share, inner } => {
                allow((1..=1000).contains(steps), "steps", steps, "1 to 1000")?;
                allow(*share > 0.0 && *share <= 1.0, "share", share, "above 0 and at most 1")?;
                let inner_is = |name| allow(false, "inner", name, "sgd, adam, adamw, radam or lion");
                match **inner {
                    Self::Logistic {} => inner_is("logistic"),
                    Self::Lookahead { .. } => inner_is("lookahead"),
                    _ => inner.check(),
                }
            }
        }
    }

    /// The optimizer, in its first step. `clip` is the largest norm that a tensor's gradient may have: longer ones are
    /// scaled down to it.
    ///
    /// Its state belongs to the weights that it stepped: after going back to other weights, take a new one.
    ///
    /// # Panics
    /// If it is [`Optimizer::Logistic`], which has no steps, or does not pass [`Optimizer::check`].
    pub fn init(&self, clip: Option<f32>) -> ModuleOptimizer {
        let (stepping, ahead) = match self {
            Self::Lookahead { steps, share, inner } => (inner.as_ref(), Some((*steps, *share))),
            other => (other, None),
        };
        let optimizer = match stepping {
            Self::Sgd { momentum, weight_decay } => {
                let momentum = MomentumConfig { momentum: *momentum, dampening: 0.0, nesterov: false };
                let config = SgdConfig::new().with_weight_decay(penalty(*weight_decay));
                module_optimizer(config.with_momentum(Some(momentum)).build(), ahead)
            }
            Self::Adam { weight_decay } | Self::AdamW { weight_decay } => {
                let decoupled = matches!(stepping, Self::AdamW { .. });
                return module_optimizer(Fused { weight_decay: *weight_decay as f32, decoupled, clip }, ahead);
            }
            Self::RAdam { weight_decay } => module_optimizer(RAdam { weight_decay: *weight_decay }, ahead),
            Self::Lion { weight_decay } => {
                module_optimizer(LionConfig::new().with_weight_decay(*weight_decay as f32).build(), ahead)
            }
            Self::Logistic {} | Self::Lookahead { .. } => panic!("{stepping:?} takes no steps by itself"),
        };
        match clip {
            Some(norm) => optimizer.with_grad_clipping(GradientClippingConfig::Norm(norm).init()),
            None => optimizer,
        }
    }
}

fn check_decay(value: f64) -> Result<()> {
    allow((0.0..=1.0).contains(&value), "weightDecay", value, "0 to 1")
}

fn penalty(weight_decay: f64) -> Option<WeightDecayConfig> {
    (weight_decay > 0.0).then(|| WeightDecayConfig::new(weight_decay as f32))
}

/// `inner`, or, with `(steps, share)`, [`Lookahead`] around it.
fn module_optimizer(inner: impl optim::Optimizer, ahead: Option<(usize, f64)>) -> ModuleOptimizer {
    match ahead {
        Some((steps, share)) => ReadOnCpu(Lookahead { inner, steps, share }).into(),
        None => ReadOnCpu(inner).into(),
    }
}

/// An optimizer whose saved state is read on the CPU, wherever it goes from there: burn reads it on its default device,
/// which in browsers is a GPU that may not be there.
#[derive(Clone)]
struct ReadOnCpu<O>(O);

#[derive(Clone)]
struct ReadOnCpuState<S>(S);

impl<S: RecordState> RecordState for ReadOnCpuState<S> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        self.0.state_flatten(prefix, out);
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, _: &Device) -> Option<Self> {
        S::state_unflatten(prefix, source, &Device::flex()).map(Self)
    }
}

impl<O: optim::Optimizer> optim::Optimizer for ReadOnCpu<O> {
    type State<const D: usize> = ReadOnCpuState<O::State<D>>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let (tensor, state) = self.0.step(rate, tensor, gradient, state.map(|state| state.0));
        (tensor, state.map(ReadOnCpuState))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        ReadOnCpuState(O::to_device(state.0, device))
    }
}

/// Adam with either kind of weight decay, in one pass over memory, which clips too.
#[derive(Clone)]
struct Fused {
    weight_decay: f32,
    /// Whether weight decay is none of the gradient's business (AdamW).
    decoupled: bool,
    /// The largest norm of a gradient.
    clip: Option<f32>,
}

impl optim::Optimizer for Fused {
    // Adam's has the same fields, so that records are burn's for either.
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let (penalty, decay) = match self.decoupled {
            false => (self.weight_decay, 0.0),
            true => (0.0, rate * f64::from(self.weight_decay)),
        };
        let (time, moments) = match state {
            Some(AdamWState { momentum, .. }) => (momentum.time + 1, Some([momentum.moment_1, momentum.moment_2])),
            None => (1, None),
        };
        let betas = [BETA_1, BETA_2].map(|beta| beta as f32);
        let step = AdamStep { rate, betas, epsilon: EPSILON, time, penalty, decay, clip: self.clip };
        let (tensor, [mean, square]) = step.apply(tensor, gradient, moments);
        (tensor, Some(AdamWState::new(AdaptiveMomentumState::new(time, mean, square))))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        AdamWState::new(state.momentum.to_device(device))
    }
}

/// Adam whose steps are rectified for how little is known of the gradients' variance in the beginning: algorithm 2 of Liu
/// et al., with decoupled weight decay.
#[derive(Clone)]
struct RAdam {
    weight_decay: f64,
}

impl optim::Optimizer for RAdam {
    type State<const D: usize> = AdaptiveMomentumState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let mean = gradient.clone().mul_scalar(1.0 - BETA_1);
        let square = gradient.square().mul_scalar(1.0 - BETA_2);
        let (time, mean, square) = match state {
            Some(state) => {
                (state.time + 1, state.moment_1.mul_scalar(BETA_1) + mean, state.moment_2.mul_scalar(BETA_2) + square)
            }
            None => (1, mean, square),
        };
        let [left_1, left_2] = [BETA_1, BETA_2].map(|beta| beta.powi(time as i32));
        // How many gradients the mean of their squares amounts to: at the end of time, and by now.
        let most = 2.0 / (1.0 - BETA_2) - 1.0;
        let now = most - 2.0 * time as f64 * left_2 / (1.0 - left_2);
        // With four or less its variance is infinite, and the step is one of plain momentum.
        let step = if now > 4.0 {
            let rectified = ((now - 4.0) * (now - 2.0) * most / ((most - 4.0) * (most - 2.0) * now)).sqrt();
            let scale = rectified * (1.0 - left_2).sqrt() / (1.0 - left_1);
            mean.clone().mul_scalar(rate * scale) / square.clone().sqrt().add_scalar(EPSILON)
        } else {
            mean.clone().mul_scalar(rate / (1.0 - left_1))
        };
        let tensor = tensor.mul_scalar(1.0 - rate * self.weight_decay) - step;
        (tensor, Some(AdaptiveMomentumState::new(time, mean, square)))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.to_device(device)
    }
}

/// Lets `inner` run ahead for `steps` steps, then goes back to the `share` of its way: algorithm 1 of Zhang et al., which
/// keeps the inner optimizer's state.
#[derive(Clone)]
struct Lookahead<O> {
    inner: O,
    steps: usize,
    share: f64,
}

#[derive(Clone)]
struct LookaheadState<S, const D: usize> {
    inner: Option<S>,
    /// Where the inner optimizer started from.
    slow: Tensor<D>,
    /// Its steps since.
    count: usize,
}

// By hand, as burn's macro works inside of burn only.
impl<S: RecordState, const D: usize> RecordState for LookaheadState<S, D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        if let Some(inner) = &self.inner {
            inner.state_flatten(&join_path(prefix, "inner"), out);
        }
        out.push_tensor(prefix, "slow", self.slow.clone().into_data());
        out.push_scalar(prefix, "count", self.count.into());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        let inner = join_path(prefix, "inner");
        Some(Self {
            inner: if source.has_under(&inner) { Some(S::state_unflatten(&inner, source, device)?) } else { None },
            slow: Tensor::from_data(source.take_tensor(prefix, "slow")?, device),
            count: source.take_scalar(prefix, "count")?.try_into().ok()?,
        })
    }
}

impl<O: optim::Optimizer> optim::Optimizer for Lookahead<O> {
    type State<const D: usize> = LookaheadState<O::State<D>, D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let LookaheadState { inner, slow, count } =
            state.unwrap_or_else(|| LookaheadState { inner: None, slow: tensor.clone(), count: 0 });
        let (fast, inner) = self.inner.step(rate, tensor, gradient, inner);
        let count = (count + 1) % self.steps;
        if count > 0 {
            return (fast, Some(LookaheadState { inner, slow, count }));
        }
        let slow = slow.clone() + (fast - slow).mul_scalar(self.share);
        (slow.clone(), Some(LookaheadState { inner, slow, count }))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        LookaheadState {
            inner: state.inner.map(|inner| O::to_device(inner, device)),
            slow: state.slow.to_device(device),
            count: state.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Param;
    use burn::nn::Linear;
    use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, Optimizer as _};

    use super::*;

    const NAMES: [&str; 6] = ["sgd", "adam", "adamw", "radam", "lion", "lookahead"];

    fn parse(json: &str) -> Result<Optimizer, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    fn named(name: &str) -> Optimizer {
        parse(&format!(r#"{{"name": "{name}"}}"#)).unwrap()
    }

    /// A module of two parameters, at 1 and -2.
    fn start() -> Linear {
        Linear { weight: Param::from_data([[1.0], [-2.0]], &Device::flex().autodiff()), bias: None }
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// Steps down (w - 0.5)² + 3 (w' - 0.25)².
    fn descend(optimizer: &mut ModuleOptimizer, module: Linear, rate: f64) -> Linear {
        let device = Device::flex().autodiff();
        let away = module.weight.val() - Tensor::from_data([[0.5], [0.25]], &device);
        let loss = (away.square() * Tensor::from_data([[1.0], [3.0]], &device)).sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &module);
        optimizer.step(rate, module, gradients)
    }

    fn assert_close(actual: &[f32], expected: &[f64]) {
        assert_eq!(actual.len(), expected.len());
        for (a, e) in actual.iter().zip(expected) {
            assert!((f64::from(*a) - e).abs() < 2e-6, "{actual:?} instead of {expected:?}");
        }
    }

    #[test]
    fn each_finds_the_bottom_of_a_bowl() {
        for name in NAMES {
            let mut optimizer = named(name).init(None);
            let mut module = start();
            for step in 0..1500 {
                module = descend(&mut optimizer, module, 0.04 * (1.0 - f64::from(step) / 1500.0));
            }
            let found = values(module.weight.val());
            assert!((found[0] - 0.5).abs() < 0.01 && (found[1] - 0.25).abs() < 0.01, "{name}: {found:?}");
        }
    }

    #[test]
    fn a_saved_and_loaded_optimizer_takes_the_same_steps_to_the_bit() {
        for name in NAMES {
            let mut optimizer = named(name).init(Some(1.0));
            // RAdam rectifies by then, Lookahead is in the middle of its way, and Lion has just gone too far.
            let mut module = (0..13).fold(start(), |module, _| descend(&mut optimizer, module, 0.04));
            let mut loaded = named(name).init(Some(1.0)).from_bytes(optimizer.into_bytes().unwrap()).unwrap();
            let mut again = module.clone();
            let mut fresh = (named(name).init(Some(1.0)), module.clone());
            for step in 0..7 {
                module = descend(&mut optimizer, module, 0.04);
                again = descend(&mut loaded, again, 0.04);
                fresh.1 = descend(&mut fresh.0, fresh.1, 0.04);
                assert_eq!(values(module.weight.val()), values(again.weight.val()), "{name}, step {step}");
            }
            assert_ne!(values(module.weight.val()), values(fresh.1.weight.val()), "{name} has state");
        }
    }

    #[test]
    fn adam_and_adamw_step_and_record_as_burns() {
        let plain = |name| -> ModuleOptimizer {
            match name {
                "adam" => AdamConfig::new().with_epsilon(EPSILON).with_weight_decay(penalty(0.2)).build().into(),
                _ => AdamWConfig::new().with_epsilon(EPSILON).with_weight_decay(0.2).build().into(),
            }
        };
        for name in ["adam", "adamw"] {
            let ours = parse(&format!(r#"{{"name": "{name}", "weightDecay": 0.2}}"#)).unwrap().init(Some(1.0));
            let burns = plain(name).with_grad_clipping(GradientClippingConfig::Norm(1.0).init());
            let (mut ours, mut burns) = ((ours, start()), (burns, start()));
            for step in 0..12 {
                for (optimizer, module) in [&mut ours, &mut burns] {
                    *module = descend(optimizer, module.clone(), 0.1);
                }
                let expected: Vec<f64> = values(burns.1.weight.val()).into_iter().map(f64::from).collect();
                assert_close(&values(ours.1.weight.val()), &expected);
                if step % 4 == 3 {
                    // Each goes on from the other's record.
                    let [a, b] = [&ours, &burns].map(|(optimizer, _)| optimizer.into_bytes().unwrap());
                    ours.0 = ours.0.from_bytes(b).unwrap();
                    burns.0 = burns.0.from_bytes(a).unwrap();
                }
            }
        }
    }

    #[test]
    fn radam_equals_its_formula() {
        // Worked out in double precision: four steps of momentum, then rectified ones.
        let device = Device::flex();
        for (weight_decay, expected) in [
            (0.0, [0.9, 0.9578947368, 0.8837249951, 0.8165833842, 0.8163223888, 0.8154085169, 0.8144927366]),
            (0.5, [0.85, 0.8653947368, 0.7479552583, 0.6434158845, 0.6109840948, 0.5795210181, 0.5496291870]),
        ] {
            let optimizer = RAdam { weight_decay };
            let (mut tensor, mut state) = (Tensor::<1>::from_data([1.0], &device), None);
            let mut path = Vec::new();
            for gradient in [1.0, -2.0, 3.0, 0.5, -1.0, 2.0, -0.25] {
                (tensor, state) = optimizer.step(0.1, tensor, Tensor::from_data([gradient], &device), state);
                path.extend(values(tensor.clone()));
            }
            assert_close(&path, &expected);
        }
    }

    #[test]
    fn lookahead_goes_back_to_part_of_the_way() {
        let device = Device::flex();
        let optimizer = Lookahead { inner: SgdConfig::new().build(), steps: 2, share: 0.25 };
        let (mut tensor, mut state) = (Tensor::<1>::from_data([1.0], &device), None);
        let (mut path, mut slow) = (Vec::new(), Vec::new());
        for gradient in [1.0, 1.0, 2.0, -4.0, 0.0] {
            (tensor, state) = optimizer.step(0.1, tensor, Tensor::from_data([gradient], &device), state);
            path.extend(values(tensor.clone()));
            slow.extend(values(state.as_ref().unwrap().slow.clone()));
        }
        // 1 + (0.8 - 1) / 4 = 0.95, and 0.95 + (1.15 - 0.95) / 4 = 1.
        assert_close(&path, &[0.9, 0.95, 0.75, 1.0, 1.0]);
        assert_close(&slow, &[1.0, 0.95, 0.95, 1.0, 1.0]);
    }

    #[test]
    fn long_gradients_are_clipped() {
        let sgd = Optimizer::Sgd { momentum: 0.0, weight_decay: 0.0 };
        let module = descend(&mut sgd.init(Some(0.5)), start(), 1.0);
        // The gradient is (1, -13.5), of norm 13.5370.
        assert_close(&values(module.weight.val()), &[1.0 - 0.5 / 13.5370, -2.0 + 6.75 / 13.5370]);
    }

    #[test]
    fn has_defaults_and_survives_json() {
        assert_eq!(named("sgd"), Optimizer::Sgd { momentum: 0.9, weight_decay: 0.0 });
        assert_eq!(named("adamw"), Optimizer::AdamW { weight_decay: 0.01 });
        let inner = Box::new(Optimizer::RAdam { weight_decay: 0.0 });
        assert_eq!(named("lookahead"), Optimizer::Lookahead { steps: 5, share: 0.5, inner });
        assert_eq!(parse(r#"{"weightDecay": 1, "name": "lion"}"#), Ok(Optimizer::Lion { weight_decay: 1.0 }));
        for name in NAMES.into_iter().chain(["logistic"]) {
            named(name).check().unwrap();
            assert_eq!(parse(&serde_json::to_string(&named(name)).unwrap()), Ok(named(name)));
        }
    }

    #[test]
    fn refuses_by_name() {
        for name in NAMES.into_iter().chain(["logistic"]) {
            let error = parse(&format!(r#"{{"name": "{name}", "wieght": 0.1}}"#)).unwrap_err();
            assert!(error.contains("wieght"), "{name}: {error}");
        }
        let error = parse(r#"{"name": "lookahead", "inner": {"name": "sgd", "nesterov": true}}"#).unwrap_err();
        assert!(error.contains("nesterov") && error.contains("momentum"), "{error}");
        assert!(parse(r#"{"name": "adagrad"}"#).unwrap_err().contains("radam"));
        for (json, name) in [
            (r#"{"name": "sgd", "momentum": 1}"#, "momentum is 1"),
            (r#"{"name": "sgd", "weightDecay": 2}"#, "weightDecay is 2"),
            (r#"{"name": "adam", "weightDecay": -1}"#, "weightDecay is -1"),
            (r#"{"name": "lookahead", "steps": 0}"#, "steps is 0"),
            (r#"{"name": "lookahead", "share": 1.5}"#, "share is 1.5"),
            (r#"{"name": "lookahead", "inner": {"name": "logistic"}}"#, "inner is logistic"),
            (r#"{"name": "lookahead", "inner": {"name": "lookahead"}}"#, "inner is lookahead"),
            (r#"{"name": "lookahead", "inner": {"name": "radam", "weightDecay": 2}}"#, "weightDecay is 2"),
        ] {
            let error = parse(json).unwrap().check().unwrap_err();
            assert!(error.code() == "bad-option" && error.to_string().contains(name), "{error}");
        }
        Optimizer::AdamW { weight_decay: f64::NAN }.check().unwrap_err();
    }
}
