//! Reads the categories of a guard from its own instructions: they are never invented, and never fixed in code.
//!
//! A list is a line that speaks of categories, followed at once by lines that are each one name: `- Name`, or `Name.`
//! as Qwen3Guard writes them.

/// A list longer than this is not a list of categories.
const CATEGORIES_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 64;
const NAME_WORDS_MAX: usize = 8;

/// The first list of categories in rendered instructions.
///
/// # Errors
/// What is wrong, to be preceded by the task.
pub(super) fn read(instructions: &str) -> Result<Vec<String>, String> {
    let lines: Vec<&str> = instructions.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if !line.to_lowercase().contains("categor") {
            continue;
        }
        for item in [bulleted as fn(&str) -> Option<&str>, stopped] {
            let names: Vec<String> =
                lines[at + 1..].iter().map_while(|l| item(l)).map(str::to_owned).collect();
            if names.len() >= 2 {
                return validated(names);
            }
        }
    }
    Err("the chat template lists no categories".into())
}

fn validated(names: Vec<String>) -> Result<Vec<String>, String> {
    if names.len() > CATEGORIES_MAX {
        return Err(format!("the chat template lists more than {CATEGORIES_MAX} categories"));
    }
    for (i, name) in names.iter().enumerate() {
        if names[..i].contains(name) {
            return Err(format!("the chat template lists the category {name:?} twice"));
        }
        // A comma separates categories in the answer, and `None` stands for their absence.
        if name.contains(',') || name == "None" {
            return Err(format!("the chat template lists {name:?}, which cannot be a category"));
        }
    }
    Ok(names)
}

/// `- Name`
fn bulleted(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix("- ").or_else(|| line.trim_start().strip_prefix("* "))?;
    name_of(name.trim_end().trim_end_matches('.'))
}

/// `Name.`
fn stopped(line: &str) -> Option<&str> {
    name_of(line.trim_end().strip_suffix('.')?)
}

fn name_of(name: &str) -> Option<&str> {
    let plain = !name.contains([':', ';', '\'', '"', '<', '>', '`', '*', ')']) && name.trim() == name;
    let short = name.len() <= NAME_BYTES_MAX && name.split_whitespace().count() <= NAME_WORDS_MAX;
    (plain && short && name.len() >= 2).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_full_stops_between_markers_are_read() {
        let text = "1) Evaluate it.\n2) Identify the category of unsafe content found.\n3) Determine if it is a \
                    refusal.\n\n<BEGIN UNSAFE CONTENT CATEGORIES>\nViolent.\nNon-violent Illegal Acts.\nPII.\n\
                    Suicide & Self-Harm.\n<END UNSAFE CONTENT CATEGORIES>\n";
        assert_eq!(
            read(text).unwrap(),
            ["Violent", "Non-violent Illegal Acts", "PII", "Suicide & Self-Harm"]
        );
    }

    #[test]
    fn names_with_dashes_are_read() {
        let text = "Possible categories:\n- Scam\n- Petty Insult\n\nThe second line must start with 'Categories:'\n \
                    - The third line must be one of: 'Refusal: Yes', 'Refusal: No'.";
        assert_eq!(read(text).unwrap(), ["Scam", "Petty Insult"]);
    }

    #[test]
    fn instructions_without_a_list_are_refused_rather_than_completed() {
        assert!(read("Answer with Safety: and Categories:\n - The line must be 'Categories: X'.").is_err());
        assert!(read("categories:\n- A1\n- A1").is_err(), "twice the same");
        assert!(read("categories:\n- Scam, Spam\n- Other").is_err(), "a comma would split it");
    }
}
