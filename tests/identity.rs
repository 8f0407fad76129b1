//! Signing in, as those who do it see it; and secrets, which nobody sees.

mod applications;
mod authority;
mod browser;
mod canaries;
mod destinations;
mod failures;
mod lasting;
mod managed;
mod people;
mod tricks;
