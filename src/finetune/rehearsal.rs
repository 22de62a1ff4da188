//! What a training does on a GPU, done ahead with a few examples and forgotten: kernels are compiled when they are first asked
//! for, and then nobody waits for them.

use std::cell::Cell;
use std::rc::Rc;

use super::session::first_of_each;
use super::{Ending, Examples, Phase, Plan, Session, Signal, Variation};
use crate::backbone::{Backbone, Stage, share};
use crate::dataset::stratified_split;
use crate::error::Result;

/// What of a rehearsal decides which kernels it asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernels {
    plan: Plan,
    training: usize,
    held_out: usize,
    classes: usize,
}

/// A training that asks a GPU for the kernels that a plan would ask it for, and for little else.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// Of each phase that trains stages two epochs, as moments are copied when the second one begins; of one step each, if a batch
    /// has as many examples as there are classes.
    plan: Plan,
    /// As many of the examples as that takes.
    training: Examples,
    held_out: Examples,
}

impl Rehearsal {
    /// Of `plan` for `backbone`; `None` if it trains no stage, which leaves a GPU alone.
    ///
    /// # Errors
    /// [`Error::BadOption`](crate::Error::BadOption) for an impossible plan.
    pub fn new(backbone: &Backbone, plan: &Plan, examples: &Examples) -> Result<Option<Self>> {
        let stages: Vec<&str> = backbone.stages().iter().map(Stage::name).collect();
        plan.check(&stages)?;
        let split = stratified_split(&examples.targets, plan.validation, plan.seed);
        let (mut phases, mut few) = (vec![], 0);
        for phase in &plan.phases {
            if !phase.trains(&stages)?.contains(&true) {
                continue;
            }
            let short = shortened(phase);
            if !phases.contains(&short) {
                phases.push(short);
            }
            // As large a batch as there will be: how a kernel divides its work depends on that.
            let batch = |count: usize| count.div_ceil(count.div_ceil(phase.batch_size).max(1));
            few = few.max(batch(split.training.len())).max(if plan.refit { batch(examples.len()) } else { 0 });
        }
        if phases.is_empty() {
            return Ok(None);
        }
        // One of each class at the least, and a pair for a loss that compares.
        let few = first_of_each(&examples.targets, few.max(examples.classes.len() + 1));
        let mut training = examples.select(&few);
        // A teacher, who would have to be asked, changes no kernel.
        let shares = vec![1.0 / examples.classes.len() as f32; examples.classes.len()];
        training.teacher = Some(vec![shares; few.len()]);
        let (judged, together) = (split.validation.len(), share(backbone.input(), backbone.device()));
        let held_out = examples.select(&split.validation[..judged.min(together + judged % together)]);
        let plan = Plan { phases, validation: 0.0, refit: false, seed: 0, ..plan.clone() };
        Ok(Some(Self { plan, training, held_out }))
    }

    /// What decides which kernels it asks for.
    pub fn kernels(&self) -> Kernels {
        Kernels {
            plan: self.plan.clone(),
            training: self.training.len(),
            held_out: self.held_out.len(),
            classes: self.training.classes.len(),
        }
    }

    /// Carries it out; whether to its end.
    ///
    /// # Errors
    /// As [`Session::new`] and [`Session::run`]; the first failure is the end.
    pub async fn run(&self, backbone: Rc<Backbone>, signal: &Cell<Signal>) -> Result<bool> {
        let mut session = Session::new(backbone, self.training.clone(), self.plan.clone()).await?;
        session.rehearses = true;
        session.held_out = (!self.held_out.is_empty()).then(|| Rc::new(self.held_out.clone()));
        Ok(session.run(signal, |_, _| ()).await?.reason == Ending::Finished)
    }
}

/// The beginning of `phase` with the same kernels, which learns next to nothing, so that nothing explodes.
fn shortened(phase: &Phase) -> Phase {
    Phase {
        optimizer: phase.optimizer.clone(),
        rate: 1e-9,
        norm: phase.norm,
        loss: phase.loss,
        augmentation: Variation { views: 1, ..phase.augmentation.clone() },
        batch_size: phase.batch_size,
        clip: phase.clip,
        // Both are means of two networks.
        averaging: if phase.interpolate { 0.5 } else { phase.averaging },
        ..Phase::new("rehearsal", phase.train.clone(), phase.epochs.min(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;

    use crate::backbone::Weights;
    use crate::device;
    use crate::doodle::Doodle;
    use crate::finetune::{Situation, Source, Strategy, Trainable};

    fn backbone() -> Rc<Backbone> {
        let bytes = std::fs::read("models/doodle.safetensors").unwrap();
        let backbone = Backbone::load(&Weights::parse(&bytes).unwrap(), &device::cpu().tensors).unwrap();
        Rc::new(backbone.with_size(32).unwrap())
    }

    /// Of two classes.
    fn examples(backbone: &Backbone, each: usize) -> Examples {
        let line = Source::Doodle(Rc::new(Doodle::new(vec![vec![[0.0, 0.0], [1.0, 1.0]]]).unwrap()));
        let picture = line.picture(backbone.input()).unwrap();
        let features = block_on(backbone.features(&[picture])).unwrap();
        let count = 2 * each;
        Examples {
            classes: vec!["a".into(), "b".into()],
            ids: (0..count as u32).collect(),
            sources: vec![line; count],
            features: vec![features[0].clone(); count],
            targets: (0..count).map(|index| index / each).collect(),
            teacher: None,
        }
    }

    fn rehearsal(backbone: &Backbone, strategy: Strategy, each: usize) -> Option<Rehearsal> {
        let situation = Situation {
            examples: 2 * each,
            classes: 2,
            fewest: each,
            stages: backbone.stages().len(),
            side: 128,
            strokes: true,
            knows_drawings: false,
            seconds_a_drawing: None,
        };
        Rehearsal::new(backbone, &strategy.plan(&situation), &examples(backbone, each)).unwrap()
    }

    #[test]
    fn batches_are_as_they_will_be() {
        let backbone = backbone();
        let Rehearsal { plan, training, held_out } = rehearsal(&backbone, Strategy::LpFt, 20).unwrap();
        let [phase] = plan.phases.as_slice() else { panic!("{:?}", plan.phases) };
        assert_eq!((&phase.train, phase.epochs, phase.batch_size), (&Trainable::Everything, 2, 16));
        // 34 to learn from are three steps of 11 or 12.
        assert_eq!((training.len(), held_out.len(), training.classes.len()), (12, 6, 2));
        let many = rehearsal(&backbone, Strategy::LpFt, 500).unwrap();
        assert_eq!((many.training.len(), many.held_out.len()), (16, 8 + 150 % 8));
    }

    #[test]
    fn what_is_the_same_is_done_once_and_a_head_alone_is_not_for_a_gpu() {
        let backbone = backbone();
        let rehearsal = |strategy, each| rehearsal(&backbone, strategy, each);
        let gradual = rehearsal(Strategy::GradualUnfreezing, 20).unwrap();
        assert_eq!(gradual.plan.phases.len(), backbone.stages().len());
        let kernels = |strategy, each| rehearsal(strategy, each).unwrap().kernels();
        assert_eq!(gradual.kernels(), kernels(Strategy::GradualUnfreezing, 20));
        assert_ne!(gradual.kernels(), kernels(Strategy::GradualUnfreezing, 40));
        let full = rehearsal(Strategy::Full, 20).unwrap();
        assert_ne!(gradual.kernels(), full.kernels());
        let mut twice = full.plan.clone();
        twice.phases.push(Phase { rate: 0.5, name: "again".into(), ..twice.phases[0].clone() });
        let twice = Rehearsal::new(&backbone, &twice, &examples(&backbone, 20)).unwrap().unwrap();
        assert_eq!(twice.plan.phases.len(), 1, "a rate changes no kernel");
        assert!(rehearsal(Strategy::FeatureExtraction, 20).is_none());
        assert!(rehearsal(Strategy::Auto, 3).is_none(), "too few to fine-tune");
        assert!(rehearsal(Strategy::Auto, 0).is_none());
    }

    #[test]
    fn every_strategy_can_be_rehearsed_and_nothing_is_learned_by_that() {
        let backbone = backbone();
        let bits = || -> Vec<u32> {
            backbone
                .tensors()
                .iter()
                .flat_map(|tensor| tensor.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
                .collect()
        };
        let before = bits();
        let go = Cell::new(Signal::Go);
        for (strategy, each) in Strategy::ALL.into_iter().flat_map(|strategy| [(strategy, 1), (strategy, 6)]) {
            let Some(rehearsal) = rehearsal(&backbone, strategy, each) else { continue };
            assert!(block_on(rehearsal.run(backbone.clone(), &go)).unwrap(), "{strategy:?}, {each} a class");
        }
        assert!(bits() == before);
        let stopped = rehearsal(&backbone, Strategy::Full, 6).unwrap();
        assert!(!block_on(stopped.run(backbone, &Cell::new(Signal::Stop))).unwrap());
    }
}
