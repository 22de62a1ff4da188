//! What a step says when it cannot be done.

use std::fmt::Display;

/// The result of anything that may fail here.
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// One sentence for the person, after what the failed program said.
#[derive(Debug)]
pub struct Failure {
    /// What is missing or went wrong, and what to do about it.
    pub sentence: String,
    /// Everything that the program printed, empty when no program was involved.
    pub output: String,
}

impl Failure {
    /// A failure that needs no more than its sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), output: String::new() }
    }

    /// The same output under a sentence that knows more.
    pub fn because(self, sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), ..self }
    }

    /// The failed program's output, then the sentence, so that the sentence is what remains in sight.
    pub fn print(&self) {
        let output = self.output.trim_end();
        if !output.is_empty() {
            eprintln!("{output}\n");
        }
        eprintln!("error: {}", self.sentence);
    }
}

/// Turns an error of the system into a [`Failure`] that says what was being done.
pub trait Context<T> {
    /// `doing` completes "could not …".
    fn context(self, doing: impl Display) -> Result<T>;
}

impl<T> Context<T> for std::io::Result<T> {
    fn context(self, doing: impl Display) -> Result<T> {
        self.map_err(|error| Failure::new(format!("could not {doing}: {error}")))
    }
}
