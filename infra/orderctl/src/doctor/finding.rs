//! What a check finds.

use std::fmt;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// Something does not work, or will not.
    Fail,
    /// It could not be asked from here.
    Unknown,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) name: &'static str,
    pub(super) state: State,
    /// How it is, in words.
    pub(super) what: String,
    /// What mends it; empty where nothing is to be mended.
    pub(super) mend: String,
}

impl State {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

impl Finding {
    pub(super) fn ok(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, state: State::Ok, what: what.into(), mend: String::new() }
    }

    pub(super) fn warn(name: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, state: State::Warn, what: what.into(), mend: mend.into() }
    }

    pub(super) fn fail(name: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, state: State::Fail, what: what.into(), mend: mend.into() }
    }

    pub(super) fn unknown(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, state: State::Unknown, what: what.into(), mend: String::new() }
    }

    /// Fine where it holds, else a failure.
    pub(super) fn of(holds: bool, name: &'static str, what: impl Into<String>, mend: &str) -> Self {
        if holds { Self::ok(name, what) } else { Self::fail(name, what, mend) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, state, what, mend } = self;
        write!(f, "{:<8} {name:<17} {what}", state.word())?;
        if mend.is_empty() { Ok(()) } else { write!(f, ": {mend}") }
    }
}
