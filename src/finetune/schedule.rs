//! Learning rates over a run.

use serde::{Deserialize, Serialize};

use super::optimizer::allow;
use crate::error::Result;

/// How the learning rate changes over a phase. Every field has a default, unknown ones are refused.
// burn's schedulers know their step only by having been stepped, and refuse rates over 1; as a function of the step, a
// schedule needs nothing saved to go on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Schedule {
    /// Stays.
    // With braces, as serde refuses no unknown fields of a unit variant.
    Constant {},
    /// Falls to zero along a line.
    Linear {},
    /// Falls along half a cosine (Loshchilov and Hutter, 2017, arXiv 1608.03983, without restarts).
    Cosine {
        /// Where it ends, as a share of the rate, 0 to 1.
        #[serde(default)]
        end: f64,
    },
    /// Rises and falls, each along half a cosine (Smith and Topin, 2018, arXiv 1708.07120).
    OneCycle {
        /// Share of the steps over which it rises, 0 to below 1.
        #[serde(default = "default_rise")]
        rise: f64,
        /// Where it starts, as a share of the rate, 0 to 1.
        #[serde(default = "default_start")]
        start: f64,
        /// Where it ends, as a share of the rate, 0 to 1.
        #[serde(default = "default_end")]
        end: f64,
    },
    /// Falls at once, time and again.
    Step {
        /// Epochs between falls, 1 to 10,000.
        #[serde(default = "default_every")]
        every: usize,
        /// Share that is left after a fall, above 0 and below 1.
        #[serde(default = "default_factor")]
        factor: f64,
    },
    /// Falls at once when the validation loss no longer does, or, where nothing is held out, as in the second pass of a plan with
    /// `refit`, the training loss.
    Plateau {
        /// Epochs without a better validation loss after which it falls, 1 to 10,000.
        #[serde(default = "default_patience")]
        patience: usize,
        /// Share that is left after a fall, above 0 and below 1.
        #[serde(default = "default_factor")]
        factor: f64,
    },
}

fn default_rise() -> f64 {
    0.3
}

fn default_start() -> f64 {
    0.04
}

fn default_end() -> f64 {
    1e-4
}

fn default_every() -> usize {
    10
}

fn default_patience() -> usize {
    5
}

fn default_factor() -> f64 {
    0.5
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Constant {}
    }
}

impl Schedule {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::BadOption`](crate::Error::BadOption) naming the option and what it may be.
    pub fn check(&self) -> Result<()> {
        let epochs = |name, value| allow((1..=10_000).contains(&value), name, value, "1 to 10000");
        let share = |name, value| allow((0.0..=1.0).contains(&value), name, value, "0 to 1");
        let less = |factor| allow(factor > 0.0 && factor < 1.0, "factor", factor, "above 0 and below 1");
        match *self {
            Self::Constant {} | Self::Linear {} => Ok(()),
            Self::Cosine { end } => share("end", end),
            Self::OneCycle { rise, start, end } => {
                allow((0.0..1.0).contains(&rise), "rise", rise, "0 to below 1")?;
                share("start", start)?;
                share("end", end)
            }
            Self::Step { every, factor } => {
                epochs("every", every)?;
                less(factor)
            }
            Self::Plateau { patience, factor } => {
                epochs("patience", patience)?;
                less(factor)
            }
        }
    }

    /// What the rate is multiplied with in `step`, from 0, of `steps`: 0 to 1.
    ///
    /// Over the share `warm_up` of the steps, 0 to 1, it rises along a line to where the schedule starts, which takes up
    /// the steps that are left. It ends in step `steps`, which comes after the last, so that none is wasted on a rate of
    /// zero. What [`Schedule::Plateau`] takes off is not in it.
    pub fn factor(&self, warm_up: f64, step: usize, steps: usize, steps_per_epoch: usize) -> f64 {
        let rising = rising_steps(warm_up, steps);
        let risen = (step + 1) as f64 / (rising + 1) as f64;
        let scheduled = self.at(step.saturating_sub(rising), steps - rising, steps_per_epoch);
        risen.min(1.0) * scheduled
    }

    /// [`Schedule::factor`] without warm-up.
    fn at(&self, step: usize, steps: usize, steps_per_epoch: usize) -> f64 {
        let done = (step as f64 / steps.max(1) as f64).min(1.0);
        match *self {
            Self::Constant {} | Self::Plateau { .. } => 1.0,
            Self::Linear {} => 1.0 - done,
            Self::Cosine { end } => half_cosine(1.0, end, done),
            Self::OneCycle { rise, start, .. } if done < rise => half_cosine(start, 1.0, done / rise),
            Self::OneCycle { rise, end, .. } => half_cosine(1.0, end, (done - rise) / (1.0 - rise)),
            Self::Step { every, factor } => factor.powi((step / (every * steps_per_epoch).max(1)) as i32),
        }
    }
}

/// How often [`Schedule::Plateau`] has lowered the rate after epochs of these validation losses: each time that none of
/// `patience` epochs was better than all before. Its factor to that power goes on top of [`Schedule::factor`].
pub fn reductions(patience: usize, validation_losses: &[f32]) -> u32 {
    let (mut lowest, mut worse, mut count) = (f32::INFINITY, 0, 0);
    for loss in validation_losses {
        if *loss < lowest {
            (lowest, worse) = (*loss, 0);
        } else {
            worse += 1;
            if worse >= patience {
                (worse, count) = (0, count + 1);
            }
        }
    }
    count
}

/// From `start` to `end`, with the share `done` of the way behind.
fn half_cosine(start: f64, end: f64, done: f64) -> f64 {
    end + (start - end) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
}

/// At least one step is left after the warm-up.
fn rising_steps(warm_up: f64, steps: usize) -> usize {
    ((steps as f64 * warm_up).round() as usize).min(steps.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use burn::optim::lr_scheduler::LrSchedulerConfig;
    use burn::optim::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
    use burn::optim::lr_scheduler::linear::LinearLrSchedulerConfig;
    use burn::optim::lr_scheduler::sequential::SequentialLrSchedulerConfig;

    use super::*;

    fn parse(json: &str) -> Result<Schedule, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    const NAMES: [&str; 6] = ["constant", "linear", "cosine", "one-cycle", "step", "plateau"];

    fn named(name: &str) -> Schedule {
        parse(&format!(r#"{{"name": "{name}"}}"#)).unwrap()
    }

    #[test]
    fn starts_passes_and_ends_where_it_should() {
        for (name, points) in [
            ("constant", vec![(0, 1.0), (50, 1.0), (100, 1.0)]),
            ("linear", vec![(0, 1.0), (50, 0.5), (75, 0.25), (100, 0.0), (101, 0.0)]),
            ("cosine", vec![(0, 1.0), (50, 0.5), (100, 0.0), (101, 0.0)]),
            ("one-cycle", vec![(0, 0.04), (15, 0.52), (30, 1.0), (65, 0.50005), (100, 1e-4)]),
            ("step", vec![(0, 1.0), (39, 1.0), (40, 0.5), (79, 0.5), (80, 0.25), (100, 0.25)]),
            ("plateau", vec![(0, 1.0), (100, 1.0)]),
        ] {
            for (step, expected) in points {
                let factor = named(name).factor(0.0, step, 100, 4);
                assert!((factor - expected).abs() < 1e-12, "{name}, step {step}: {factor}");
            }
        }
        let cosine = Schedule::Cosine { end: 0.2 };
        assert!((cosine.factor(0.0, 50, 100, 4) - 0.6).abs() < 1e-12);
        assert!((cosine.factor(0.0, 100, 100, 4) - 0.2).abs() < 1e-12);
        let falling = Schedule::OneCycle { rise: 0.0, start: 0.1, end: 0.0 };
        assert_eq!(falling.factor(0.0, 0, 100, 4), 1.0);
    }

    #[test]
    fn warms_up_to_where_the_schedule_starts() {
        for name in NAMES {
            let schedule = named(name);
            let factors: Vec<f64> = (0..50).map(|step| schedule.factor(0.2, step, 50, 5)).collect();
            assert!(factors[0] > 0.0 && factors[..11].is_sorted_by(|a, b| a < b), "{name}: {factors:?}");
            assert!(factors.iter().all(|factor| (0.0..=1.0).contains(factor)), "{name}: {factors:?}");
            for step in 0..40 {
                assert_eq!(factors[10 + step], schedule.factor(0.0, step, 40, 5), "{name}, step {step}");
            }
            assert!(schedule.factor(1.0, 0, 1, 1) > 0.0, "{name}: the only step is no warm-up");
            assert!(schedule.factor(0.5, 0, 0, 0).is_finite(), "{name}");
        }
    }

    #[test]
    fn equals_burns_warm_up_and_cosine() {
        let linear = LrSchedulerConfig::Linear(LinearLrSchedulerConfig::new(0.1 / 11.0, 0.1, 10));
        let cosine = LrSchedulerConfig::Cosine(CosineAnnealingLrSchedulerConfig::new(0.1, 40));
        let mut burns = SequentialLrSchedulerConfig::new(vec![linear, cosine], vec![10]).init().unwrap();
        for step in 0..50 {
            let (ours, burns) = (0.1 * named("cosine").factor(0.2, step, 50, 5), burns.step().base());
            assert!((ours - burns).abs() < 1e-12, "step {step}: {ours}, {burns}");
        }
    }

    #[test]
    fn a_plateau_is_patience_epochs_without_a_better_one() {
        assert_eq!(reductions(2, &[]), 0);
        assert_eq!(reductions(2, &[1.0, 0.9, 0.9]), 0);
        assert_eq!(reductions(2, &[1.0, 0.9, 0.9, 1.1]), 1);
        assert_eq!(reductions(2, &[1.0, 0.9, 0.9, 1.1, 1.0, 0.8, 0.8]), 1);
        assert_eq!(reductions(2, &[1.0, 1.0, 1.0, 1.0, f32::NAN]), 2);
        assert_eq!(reductions(1, &[3.0, 2.0, 1.0]), 0);
    }

    #[test]
    fn refuses_by_name() {
        for name in NAMES {
            named(name).check().unwrap();
            assert_eq!(parse(&serde_json::to_string(&named(name)).unwrap()), Ok(named(name)));
            let error = parse(&format!(r#"{{"name": "{name}", "warmUp": 0.1}}"#)).unwrap_err();
            assert!(error.contains("warmUp"), "{name}: {error}");
        }
        assert!(parse(r#"{"name": "cyclic"}"#).unwrap_err().contains("one-cycle"));
        for (json, name) in [
            (r#"{"name": "cosine", "end": 1.5}"#, "end is 1.5"),
            (r#"{"name": "one-cycle", "rise": 1}"#, "rise is 1"),
            (r#"{"name": "one-cycle", "start": -1}"#, "start is -1"),
            (r#"{"name": "one-cycle", "end": 2}"#, "end is 2"),
            (r#"{"name": "step", "every": 0}"#, "every is 0"),
            (r#"{"name": "step", "factor": 1}"#, "factor is 1"),
            (r#"{"name": "plateau", "patience": 0}"#, "patience is 0"),
            (r#"{"name": "plateau", "factor": 0}"#, "factor is 0"),
        ] {
            let error = parse(json).unwrap().check().unwrap_err();
            assert!(error.code() == "bad-option" && error.to_string().contains(name), "{error}");
        }
        Schedule::Cosine { end: f64::NAN }.check().unwrap_err();
    }
}
