//! Filters over resources that nobody has looked at yet, and whether they agree with decisions.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod asking;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod world;
