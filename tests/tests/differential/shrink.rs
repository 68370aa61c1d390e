//! From a difference to a small one.

use serde_json::Value;

/// Takes away what can be taken away while `differs` still says so, until nothing more can or `tries` are used up.
pub(crate) fn shrink(whole: &Value, tries: usize, differs: impl Fn(&Value) -> bool) -> Value {
    let mut smallest = whole.clone();
    let mut left = tries;
    loop {
        let mut places = Vec::new();
        collect(&smallest, &mut Vec::new(), &mut places);
        let smaller = places.iter().find_map(|place| {
            left = left.checked_sub(1)?;
            let mut candidate = smallest.clone();
            remove(&mut candidate, place);
            differs(&candidate).then_some(candidate)
        });
        match smaller {
            Some(smaller) => smallest = smaller,
            None => return smallest,
        }
    }
}

/// Every part of lists and objects, the large ones first.
fn collect(value: &Value, path: &mut Vec<String>, places: &mut Vec<Vec<String>>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        Value::Object(entries) => entries.iter().map(|(key, item)| (key.clone(), item)).collect(),
        _ => Vec::new(),
    };
    for (step, _) in &children {
        let mut place = path.clone();
        place.push(step.clone());
        places.push(place);
    }
    for (step, child) in children {
        path.push(step);
        collect(child, path, places);
        path.pop();
    }
    places.sort_by_key(Vec::len);
}

fn remove(value: &mut Value, place: &[String]) {
    let Some((step, rest)) = place.split_first() else { return };
    match value {
        Value::Array(items) => {
            let index: usize = step.parse().expect("a list has numbers for places");
            if rest.is_empty() {
                items.remove(index);
            } else {
                remove(&mut items[index], rest);
            }
        }
        Value::Object(entries) if rest.is_empty() => {
            entries.remove(step);
        }
        Value::Object(entries) => remove(entries.get_mut(step).expect("the place is of this value"), rest),
        _ => {}
    }
}
