//! The actions, by interface: each says what to ask, and as what to read the reply.

mod advanced_hunting;
mod alerts;
mod investigations;
mod machine_actions;
mod machines;
mod remediation;
mod statistics;

#[cfg(test)]
mod tests;
