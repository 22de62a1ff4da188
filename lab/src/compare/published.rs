//! The comparison of ways to fine-tune as it was published for photographs from space (EuroSAT): plain SGD throughout,
//! a linear head that starts at random, 80 % to train, 10 % to validate and 10 % to test.

use doodletune::finetune::{
    HeadPlan, HeadStart, NormMode, Optimizer, Phase, Plan, Schedule, StartingWeights, Trainable,
};

use super::{CONTROL, Contender};

/// The most epochs of a phase, which early stopping seldom lets it reach.
const MOST_EPOCHS: usize = 200;

/// Of nine parts to learn from, one is held out.
const VALIDATION: f64 = 1.0 / 9.0;

/// Rate of what starts from scratch or needs no care.
const RATE: f64 = 1e-2;

/// Everything at once, by the statistics of each batch or by the running ones. The last has a
/// rate at which even that should be gentle.
const NAIVE: [(&str, NormMode, f64); 5] = [
    ("naive-batch-1e-2", NormMode::Batch, 1e-2),
    ("naive-batch-1e-3", NormMode::Batch, 1e-3),
    ("naive-running-1e-2", NormMode::Running, 1e-2),
    ("naive-running-1e-3", NormMode::Running, 1e-3),
    ("naive-running-1e-4", NormMode::Running, 1e-4),
];

/// All of them, in the order in which they are compared; no phase longer than `cap`.
pub fn contenders(cap: Option<usize>) -> Vec<Contender> {
    let epochs = cap.unwrap_or(MOST_EPOCHS).min(MOST_EPOCHS);
    let naive = NAIVE.map(|(name, norm, rate)| (name, naive(norm, rate, epochs)));
    let careful = [
        ("frozen-encoder", frozen_encoder(epochs)),
        ("freeze-then-finetune", freeze_then_finetune(epochs)),
        ("layer-wise", layer_wise(epochs)),
        ("warm-up", warm_up(epochs)),
        (CONTROL, from_scratch(epochs)),
    ];
    let named = naive.into_iter().chain(careful);
    named.map(|(name, plan)| Contender { name: name.to_owned(), plan }).collect()
}

fn phase(train: Trainable, rate: f64, epochs: usize) -> Phase {
    let name = if train == Trainable::Head { "head" } else { "everything" };
    Phase {
        optimizer: Optimizer::Sgd { momentum: 0.9, weight_decay: 0.0 },
        rate,
        schedule: Schedule::Plateau { patience: 8, factor: 0.1 },
        patience: Some(20),
        batch_size: 32,
        ..Phase::new(name, train, epochs)
    }
}

fn plan(phases: Vec<Phase>) -> Plan {
    let head = HeadPlan { directions: false, start: HeadStart::Random, hidden: None };
    Plan { head, validation: VALIDATION, ..Plan::new(phases) }
}

fn naive(norm: NormMode, rate: f64, epochs: usize) -> Plan {
    plan(vec![Phase { norm, ..phase(Trainable::Everything, rate, epochs) }])
}

fn frozen_encoder(epochs: usize) -> Plan {
    plan(vec![phase(Trainable::Head, RATE, epochs)])
}

fn freeze_then_finetune(epochs: usize) -> Plan {
    plan(vec![phase(Trainable::Head, RATE, epochs), phase(Trainable::Everything, RATE / 10.0, epochs)])
}

fn layer_wise(epochs: usize) -> Plan {
    plan(vec![Phase { stage_decay: 0.75, ..phase(Trainable::Everything, RATE, epochs) }])
}

/// Over the first five epochs.
fn warm_up(epochs: usize) -> Plan {
    let warm_up = 5.0 / epochs.max(5) as f64;
    plan(vec![Phase { warm_up, ..phase(Trainable::Everything, RATE, epochs) }])
}

fn from_scratch(epochs: usize) -> Plan {
    Plan { weights: StartingWeights::Random, ..naive(NormMode::Batch, RATE, epochs) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_is_possible_and_keeps_to_the_cap() {
        for (cap, longest) in [(None, MOST_EPOCHS), (Some(1), 1), (Some(9000), MOST_EPOCHS)] {
            let contenders = contenders(cap);
            assert_eq!(contenders.len(), 10);
            for Contender { name, plan } in &contenders {
                plan.check(&["stem", "head"]).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(plan.phases.iter().all(|phase| phase.epochs == longest), "{name}");
            }
        }
        let freeze = freeze_then_finetune(9);
        assert!((freeze.phases[0].rate / freeze.phases[1].rate - 10.0).abs() < 1e-9);
    }
}
