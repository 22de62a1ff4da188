//! What is measured.

use serde::Serialize;

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Workload {
    /// What it is called.
    pub name: &'static str,
    /// The backbone that computes.
    pub network: &'static str,
    /// What is done with it.
    pub task: Task,
    /// How many drawings at once.
    pub batch: usize,
    /// Side of the network's input, in pixels.
    pub size: usize,
}

/// What is done with a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// From normalised pixels to pooled features.
    Forward,
    /// From strokes to pooled features.
    Features,
    /// A classifier of ten classes is trained on cached features, and how hard its weights are held back chosen.
    Head,
    /// The same where that is known.
    Fit,
    /// Forward, backward, and a step of Adam for all weights.
    Step,
    /// The same for the last two stages, from cached activations on.
    LastStages,
}

const LITE: &str = "efficientnet-lite0";
const DOODLE: &str = "doodle";

/// Everything that is measured.
pub const WORKLOADS: [Workload; 10] = [
    Workload { name: "forward 1x224", network: LITE, task: Task::Forward, batch: 1, size: 224 },
    Workload { name: "forward 1x128", network: LITE, task: Task::Forward, batch: 1, size: 128 },
    Workload { name: "forward 16x128", network: LITE, task: Task::Forward, batch: 16, size: 128 },
    Workload { name: "head 10x20", network: LITE, task: Task::Head, batch: 200, size: 128 },
    Workload { name: "head 10x20, one strength", network: LITE, task: Task::Fit, batch: 200, size: 128 },
    Workload { name: "step 16x128", network: LITE, task: Task::Step, batch: 16, size: 128 },
    Workload { name: "last two stages 16x128", network: LITE, task: Task::LastStages, batch: 16, size: 128 },
    Workload { name: "doodle forward 1x64", network: DOODLE, task: Task::Forward, batch: 1, size: 64 },
    Workload { name: "doodle features 200x64", network: DOODLE, task: Task::Features, batch: 200, size: 64 },
    Workload { name: "doodle step 32x64", network: DOODLE, task: Task::Step, batch: 32, size: 64 },
];

/// What is measured on GPUs alone, and not in browsers, whose GPU may be an emulated one: it is too much for everything else.
pub const LARGE: [Workload; 2] = [
    Workload { name: "forward 16x224", network: LITE, task: Task::Forward, batch: 16, size: 224 },
    Workload { name: "step 16x224", network: LITE, task: Task::Step, batch: 16, size: 224 },
];

impl Task {
    /// How far results may be apart, as a share of the largest value. Losses differ because heads start from chance, and because
    /// others look only now and then whether theirs is as low as it should be.
    pub fn tolerance(self) -> f32 {
        match self {
            Self::Forward | Self::Features => 0.01,
            Self::Head => 0.1,
            Self::Fit => 0.3,
            Self::Step | Self::LastStages => 0.05,
        }
    }
}

impl Workload {
    /// The file in `models/` with the network's weights, in f32 where other libraries compute with them too.
    pub fn weights(&self) -> String {
        match self.network {
            DOODLE => format!("{DOODLE}.safetensors"),
            network => format!("{network}.f32.safetensors"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGE, WORKLOADS};

    #[test]
    fn every_name_is_one_workload() {
        let names = || WORKLOADS.iter().chain(&LARGE).map(|workload| workload.name);
        for (index, name) in names().enumerate() {
            assert!(names().take(index).all(|other| other != name), "{name}");
        }
    }
}
