//! The actions, one module per interface. Each defines the request and the type of the reply.

mod advanced_hunting;
mod alerts;
mod investigations;
mod machine_actions;
mod machines;
mod remediation;
mod statistics;

#[cfg(test)]
mod tests;
