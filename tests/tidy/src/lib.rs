//! The tidy tests: what the repository must look like, whatever the code does.
//!
//! Each module holds one rule, as a function of the files and a test of the repository. The tests
//! read text and start nothing but `cargo metadata`, so they end within a second. A fault names its
//! file and line, and says what to do.

#[cfg(test)]
mod folders;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod licences;
#[cfg(test)]
mod links;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod prose;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod repository;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod words;
