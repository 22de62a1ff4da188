//! A workload, ready to run.

use std::cell::Cell;
use std::rc::Rc;

use burn::prelude::*;
use doodletune::Result;
use doodletune::backbone::{Backbone, Weights, batch};
use doodletune::device::{Processor, read};
use doodletune::doodle::Picture;
use doodletune::finetune::{
    Examples, HeadPlan, HeadStart, Optimizer, Phase, Plan, Session, Signal, Trainable, features, solve_head,
    solve_head_at,
};
use doodletune::head::LabelledFeatures;

use crate::drawings;
use crate::workload::{Task, Workload};

/// Of Adam, as other libraries are told too.
const RATE: f64 = 1e-4;

/// How hard a head's weights are held back where nobody has to choose: what suits twenty drawings a class.
const STRENGTH: f32 = 0.003;

/// How many stages are the last ones of [`Task::LastStages`].
const LAST: usize = 2;

/// A workload with everything that it needs.
pub struct Ready {
    input: TensorData,
    work: Work,
}

enum Work {
    Forward(Backbone),
    Features(Backbone, Examples),
    Head(LabelledFeatures),
    Fit(LabelledFeatures),
    Step(Box<Session>),
}

impl Ready {
    /// Prepares `workload` on `processor` with the bytes of [`Workload::weights`].
    ///
    /// # Errors
    /// [`doodletune::Error::BadWeights`] for weights of another network, or a failure of the processor.
    pub async fn new(workload: &Workload, weights: &[u8], processor: &Processor) -> Result<Self> {
        let backbone = Backbone::load(&Weights::parse(weights)?, &processor.tensors)?.with_size(workload.size)?;
        let mut examples = drawings::examples(workload.batch)?;
        let spec = backbone.input();
        let pictures = examples.sources.iter().map(|source| source.picture(spec)).collect::<Result<Vec<_>>>()?;
        let (input, work) = match workload.task {
            Task::Forward => (pixels(&backbone, &pictures).await?, Work::Forward(backbone)),
            Task::Features => (pixels(&backbone, &pictures).await?, Work::Features(backbone, examples)),
            Task::Head | Task::Fit => {
                let features = features(&backbone, &examples).await?;
                let input = TensorData::new(features.concat(), [features.len(), backbone.feature_count()]);
                let examples = examples.with_features(features);
                (input, if workload.task == Task::Head { Work::Head(examples) } else { Work::Fit(examples) })
            }
            Task::Step | Task::LastStages => {
                let last = workload.task == Task::LastStages;
                let mut x = backbone.batch(&pictures);
                if last {
                    let frozen = backbone.stages().len() - LAST;
                    x = backbone.stages()[..frozen].iter().fold(x, |x, stage| stage.forward(x));
                }
                let input = TensorData::new(read(x.clone()).await?, x.dims());
                // Which a training does not look at when it moves the network.
                examples.features = vec![vec![0.0; backbone.feature_count()].into(); workload.batch];
                let train = if last { Trainable::Last(LAST) } else { Trainable::Everything };
                let session = Session::new(Rc::new(backbone), examples, plan(train, workload.batch)).await?;
                (input, Work::Step(Box::new(session)))
            }
        };
        Ok(Self { input, work })
    }

    /// What goes in, for others to compute on: normalised pixels, cached features, or cached activations.
    pub fn input(&self) -> &TensorData {
        &self.input
    }

    /// Runs it once, and returns what others must come to as well: features, or the loss of training.
    ///
    /// # Errors
    /// A failure of the processor.
    pub async fn run(&mut self) -> Result<Vec<f32>> {
        match &mut self.work {
            Work::Forward(backbone) => {
                let input = Tensor::<4>::from_data(self.input.clone(), backbone.device());
                read(backbone.forward(input)).await
            }
            Work::Features(backbone, examples) => Ok(features(backbone, examples).await?.concat()),
            Work::Head(examples) => {
                let mut loss = f32::NAN;
                solve_head(examples, 0, &Cell::default(), |epoch, _| loss = epoch.loss).await?;
                Ok(vec![loss])
            }
            Work::Fit(examples) => Ok(vec![solve_head_at(examples, STRENGTH)?.1]),
            Work::Step(session) => {
                let (signal, mut loss) = (Cell::default(), f32::NAN);
                let after_one = |epoch: &doodletune::finetune::Epoch, _: Option<&_>| {
                    loss = epoch.loss;
                    signal.set(Signal::Pause);
                };
                session.run(&signal, after_one).await?;
                Ok(vec![loss])
            }
        }
    }
}

async fn pixels(backbone: &Backbone, pictures: &[Picture]) -> Result<TensorData> {
    let pixels = batch(backbone.input(), pictures, &Device::flex());
    let shape = pixels.dims();
    Ok(TensorData::new(read(pixels).await?, shape))
}

/// Epochs of one step of `batch` examples each.
fn plan(train: Trainable, batch: usize) -> Plan {
    // As many as there may be.
    let mut phase = Phase::new("step", train, 10_000);
    phase.optimizer = Optimizer::Adam { weight_decay: 0.0 };
    phase.rate = RATE;
    phase.batch_size = batch;
    let head = HeadPlan { directions: false, start: HeadStart::Random, hidden: None };
    Plan { head, validation: 0.0, ..Plan::new(vec![phase]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WORKLOADS;
    use doodletune::device::cpu;
    use pollster::block_on;

    fn ready(name: &str) -> Ready {
        let workload = WORKLOADS.iter().find(|workload| workload.name == name).unwrap();
        let weights =
            std::fs::read(format!("{}/../models/{}", env!("CARGO_MANIFEST_DIR"), workload.weights())).unwrap();
        block_on(Ready::new(workload, &weights, &cpu())).unwrap()
    }

    #[test]
    fn every_run_does_the_same_again() {
        let mut ready = ready("doodle forward 1x64");
        let [first, second] = [(); 2].map(|()| block_on(ready.run()).unwrap());
        assert!(first == second && first.len() == 320);
    }

    #[test]
    fn every_step_is_one_step() {
        let mut ready = ready("doodle step 32x64");
        let losses: Vec<f32> = (0..3).flat_map(|_| block_on(ready.run()).unwrap()).collect();
        // Ten classes and a head of small random weights, which learns what it sees.
        assert!((losses[0] - 10f32.ln()).abs() < 0.2, "{losses:?}");
        assert!(losses.is_sorted_by(|before, after| after < before), "{losses:?}");
    }
}
