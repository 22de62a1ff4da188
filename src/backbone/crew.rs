//! Features of many pictures, with others' help where there are any.

use std::cell::Cell;
use std::fmt::Debug;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use burn::prelude::*;
use web_time::Instant;

use super::{Backbone, InputSpec, batch_planes};
use crate::device::is_cpu;
use crate::doodle::Picture;
use crate::error::Result;
use crate::pace::Pace;

/// Pictures that go through the network together on a CPU, few enough to keep its thread free for messages, and on a GPU, whose
/// answer is waited for. Whoever computes a share computes the same bits.
const SHARES: [usize; 2] = [8, 32];

/// How many pictures go through a network together on `device`.
pub(crate) fn share(spec: &InputSpec, device: &Device) -> usize {
    spec.at_once(SHARES[usize::from(!is_cpu(device))])
}

/// The features of a batch, one picture after the other; `None` from a helper that is gone.
pub type Answer = Pin<Box<dyn Future<Output = Option<Vec<f32>>>>>;

/// Somebody who is free: takes a normalised batch `[pictures, channels, size, size]`.
pub type Helper = Box<dyn FnOnce(Vec<f32>) -> Answer>;

/// Others who have the same network on a CPU of the same machine, but no memory in common: other workers of a browser.
pub trait Helpers: Debug {
    /// Somebody who is free, while there is work for one of so many `seconds`, which says whether it pays to send for more.
    fn free(&self, seconds: f64) -> Option<Helper>;
}

/// Who looks at many pictures: this thread, and others where they help.
#[derive(Debug, Default)]
pub struct Crew {
    helpers: Option<Rc<dyn Helpers>>,
    seconds_a_picture: Cell<Option<f64>>,
}

impl Crew {
    /// With others who have the same network.
    pub fn new(helpers: Rc<dyn Helpers>) -> Self {
        Self { helpers: Some(helpers), ..Self::default() }
    }

    /// Seconds that a picture took lately on this thread, if there was any.
    pub fn seconds_a_picture(&self) -> Option<f64> {
        self.seconds_a_picture.get()
    }

    /// Takes a measurement back: what there was before holds.
    pub fn set_seconds_a_picture(&self, seconds: Option<f64>) {
        self.seconds_a_picture.set(seconds);
    }

    /// Pooled features of `count` pictures, which `picture` gives when it is their turn; gives way to others now and then.
    ///
    /// Shares are done here from the first one on, and by helpers from the last one back. What is not back when all others
    /// are done is done here too: a helper that is slow, or gone, costs nothing. A GPU is not helped.
    ///
    /// # Errors
    /// As [`Backbone::features`], or what `picture` refuses.
    pub async fn features(
        &self,
        backbone: &Backbone,
        count: usize,
        picture: impl Fn(usize) -> Result<Picture>,
    ) -> Result<Vec<Rc<[f32]>>> {
        let on_cpu = is_cpu(backbone.device());
        let each = share(backbone.input(), backbone.device());
        let range = |share: usize| share * each..count.min((share + 1) * each);
        let pictures = |range: Range<usize>| range.map(&picture).collect::<Result<Vec<_>>>();
        let length = backbone.feature_count();
        let helpers = self.helpers.as_ref().filter(|_| on_cpu);
        let mut pace = Pace::new();
        let mut shares: Vec<Share> = (0..count.div_ceil(each)).map(|_| Share::Open).collect();
        while let Some(own) = shares.iter().position(|share| !matches!(share, Share::Done(_))) {
            while let Some(theirs) = shares.iter().rposition(Share::is_open).filter(|last| *last > own) {
                let open = shares.iter().filter(|share| share.is_open()).count() * each;
                let seconds = open as f64 * self.seconds_a_picture().unwrap_or(0.0);
                let Some(helper) = helpers.and_then(|helpers| helpers.free(seconds)) else { break };
                let batch = batch_planes(backbone.input(), &pictures(range(theirs))?);
                shares[theirs] = Share::Given(helper(batch));
            }
            let start = Instant::now();
            shares[own] = Share::Done(backbone.features(&pictures(range(own))?).await?);
            self.seconds_a_picture.set(Some(start.elapsed().as_secs_f64() / range(own).len() as f64));
            pace.breathe().await;
            for (index, share) in shares.iter_mut().enumerate() {
                share.look_up(range(index).len() * length, length);
            }
        }
        let features = |share| if let Share::Done(features) = share { features } else { vec![] };
        Ok(shares.into_iter().flat_map(features).collect())
    }
}

/// A few pictures.
enum Share {
    Open,
    Given(Answer),
    Done(Vec<Rc<[f32]>>),
}

impl Share {
    fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// Takes an answer that has come; who is gone, or answers anything else than `values` numbers, leaves the share to others.
    fn look_up(&mut self, values: usize, length: usize) {
        let Self::Given(answer) = self else { return };
        // It comes by itself, whether it is polled or not.
        if let Poll::Ready(answer) = answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            let sound = |answer: &Vec<f32>| answer.len() == values && answer.iter().all(|value| value.is_finite());
            *self = match answer.filter(sound) {
                Some(answer) => Self::Done(answer.chunks_exact(length).map(Rc::from).collect()),
                None => Self::Open,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use pollster::block_on;

    use super::*;
    use crate::backbone::Weights;
    use crate::device;
    use crate::doodle::{Doodle, Input};
    use crate::error::Error;

    /// What a helper does with a batch.
    #[derive(Debug, Clone, Copy)]
    enum Conduct {
        Answers,
        NeverAnswers,
        IsGone,
        TalksNonsense,
    }

    #[derive(Debug)]
    struct Workshop {
        backbone: Backbone,
        conduct: Conduct,
        given: Rc<Cell<usize>>,
    }

    impl Helpers for Workshop {
        fn free(&self, _: f64) -> Option<Helper> {
            let (backbone, conduct, given) = (self.backbone.clone(), self.conduct, self.given.clone());
            (given.get() < 3).then(|| -> Helper {
                given.set(given.get() + 1);
                Box::new(move |batch| match conduct {
                    Conduct::Answers => Box::pin(async move { backbone.features_of_planes(batch).await.ok() }),
                    Conduct::NeverAnswers => Box::pin(pending()),
                    Conduct::IsGone => Box::pin(ready(None)),
                    Conduct::TalksNonsense => Box::pin(ready(Some(vec![f32::NAN; batch.len()]))),
                })
            })
        }
    }

    #[test]
    fn with_help_and_without_features_are_the_same_to_the_bit() {
        let bytes = std::fs::read("models/doodle.safetensors").unwrap();
        let backbone = Backbone::load(&Weights::parse(&bytes).unwrap(), &device::cpu().tensors).unwrap();
        let picture = |index: usize| {
            let line = vec![[0.0, 0.0], [30.0, index as f32], [9.0, 40.0]];
            Input::from(Doodle::new(vec![line])?).render(backbone.input())
        };
        let features = |crew: &Crew| block_on(crew.features(&backbone, 45, picture)).unwrap();
        let crew = Crew::default();
        let alone = features(&crew);
        assert_eq!(alone.len(), 45);
        assert!(crew.seconds_a_picture().is_some());
        for conduct in [Conduct::Answers, Conduct::NeverAnswers, Conduct::IsGone, Conduct::TalksNonsense] {
            let given = Rc::new(Cell::new(0));
            let workshop = Workshop { backbone: backbone.clone(), conduct, given: given.clone() };
            assert!(features(&Crew::new(Rc::new(workshop))) == alone, "{conduct:?}");
            assert_eq!(given.get(), 3, "{conduct:?}");
        }
        let refused = block_on(crew.features(&backbone, 20, |index| match index {
            17 => Err(Error::EmptyDrawing("nothing")),
            index => picture(index),
        }));
        assert_eq!(refused.unwrap_err().code(), "empty-drawing");
    }
}
