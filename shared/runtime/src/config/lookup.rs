//! Reading variables one by one while gathering what is wrong with them.

use super::ConfigError;
use std::num::NonZeroU32;
use std::time::Duration;

pub(super) struct Lookup<'a> {
    value_of: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(value_of: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { value_of, problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// The value without the space around it; an empty one counts as unset.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.value_of)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub(super) fn required(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.problem(format!("{name} is missing"));
            String::new()
        })
    }

    /// The value as `parse` reads it, or `default` where it is unset. `expected` ends the sentence
    /// "… must be …".
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        default: T,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        let Some(text) = self.text(name) else {
            return default;
        };
        parse(&text).unwrap_or_else(|| {
            self.problem(format!("{name} is \"{text}\", but must be {expected}"));
            default
        })
    }

    pub(super) fn seconds(&mut self, name: &str, default: u64, most: u64) -> Duration {
        let expected = format!("a number of seconds from 0 to {most}");
        let seconds = self
            .parsed(name, default, &expected, |text| text.parse().ok().filter(|seconds| *seconds <= most));
        Duration::from_secs(seconds)
    }

    pub(super) fn count(&mut self, name: &str, default: u32) -> NonZeroU32 {
        let default = NonZeroU32::new(default).unwrap_or(NonZeroU32::MIN);
        self.parsed(name, default, "a whole number of at least 1", |text| text.parse().ok())
    }

    pub(super) fn finish<T>(self, config: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() { Ok(config) } else { Err(ConfigError { problems: self.problems }) }
    }
}
