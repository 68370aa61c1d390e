//! Where Cerbos does something that surprises, and what is done here: copied, put right, or refused while loading. The
//! numbers are those of `docs/cerbos-compatibility.md`.

#[cfg(test)]
mod asking;
#[cfg(test)]
mod conditions;
#[cfg(test)]
mod loading;
#[cfg(test)]
mod names;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod scopes;
#[cfg(test)]
mod wording;
