//! Learning rates over a run.

use burn::optim::lr_scheduler::LrSchedulerConfig;
use burn::optim::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::optim::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::lr_scheduler::sequential::SequentialLrSchedulerConfig;

use crate::error::{Error, Result};

/// Rises linearly to `rate` over the share `warm_up` of `steps`, then falls to zero along half a cosine.
///
/// # Errors
/// [`Error::BadOption`] if burn refuses the rate.
pub fn warm_up_then_cosine(rate: f64, warm_up: f64, steps: usize) -> Result<ModuleLrScheduler> {
    let rising = ((steps as f64 * warm_up).round() as usize).min(steps.saturating_sub(1));
    let cosine = LrSchedulerConfig::Cosine(CosineAnnealingLrSchedulerConfig::new(rate, (steps - rising).max(1)));
    let config = if rising == 0 {
        SequentialLrSchedulerConfig::new(vec![cosine], vec![])
    } else {
        let first = rate / (rising + 1) as f64;
        let linear = LrSchedulerConfig::Linear(LinearLrSchedulerConfig::new(first, rate, rising));
        SequentialLrSchedulerConfig::new(vec![linear, cosine], vec![rising])
    };
    config.init().map_err(|error| Error::BadOption(format!("rate: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_then_falls() {
        let mut schedule = warm_up_then_cosine(0.1, 0.2, 50).unwrap();
        let rates: Vec<f64> = (0..50).map(|_| schedule.step().base()).collect();
        assert!(rates[..10].is_sorted() && rates[10..].is_sorted_by(|a, b| a >= b), "{rates:?}");
        assert!(rates[0] > 0.0 && rates[0] < 0.02, "{rates:?}");
        assert!(rates.iter().all(|rate| *rate <= 0.1 + 1e-12) && rates.iter().any(|rate| *rate > 0.099), "{rates:?}");
        assert!(rates[49] < 0.001, "{rates:?}");
        assert_eq!(warm_up_then_cosine(0.1, 0.0, 1).unwrap().step().base(), 0.1);
    }
}
