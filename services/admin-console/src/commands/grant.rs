use std::{fs, os::unix::fs::MetadataExt, time::Duration};

use domain::{
    Connection,
    grants::{self, GrantedRole, ListedGrant, NewGrant},
};
use serde_json::{Value, json};

use super::{
    arguments::{Grant, Revoke, RoleWord},
    text::time,
};

/// Why, where nobody said: the command line is a reason of its own.
const REASON: &str = "on the command line";

/// Makes a grant and prints its token, which is shown this once.
pub(super) async fn make(connection: &mut Connection, grant: &Grant, json: bool) -> anyhow::Result<()> {
    let granted_by = who(connection).await?;
    let new = NewGrant {
        operator: grant.name.as_deref().unwrap_or(&granted_by),
        role: match grant.role {
            RoleWord::Viewer => GrantedRole::Viewer,
            RoleWord::Operator => GrantedRole::Operator,
        },
        ttl: grant.ttl,
        granted_by: &granted_by,
        reason: grant.reason.as_deref().unwrap_or(REASON),
    };
    let granted = grants::grant(connection, new).await?;
    if json {
        println!(
            "{}",
            json!({ "id": granted.id, "token": granted.token, "operator": new.operator,
                    "role": new.role.as_str(), "expires_at": granted.expires_at })
        );
        return Ok(());
    }
    println!("{}", granted.token);
    eprintln!(
        "Grant {} for {} ({}) until {}. Paste the token at /admin/session; it is not shown again.",
        granted.id,
        new.operator,
        new.role.as_str(),
        time(granted.expires_at)
    );
    Ok(())
}

/// Ends a grant and with it the sessions it opened.
pub(super) async fn revoke(connection: &mut Connection, revoke: &Revoke, json: bool) -> anyhow::Result<()> {
    let by = who(connection).await?;
    let reason = revoke.reason.as_deref().unwrap_or(REASON);
    let revoked = grants::revoke(connection, revoke.id, &by, reason).await?;
    if json {
        println!("{}", json!({ "id": revoke.id, "is_repetition": revoked.is_repetition }));
        return Ok(());
    }
    let repetition = if revoked.is_repetition { " (as before: nothing was changed)" } else { "" };
    println!("grant {} for {} is revoked{repetition}", revoke.id, revoked.grant.operator);
    Ok(())
}

/// Prints the newest grants, newest first.
pub(super) async fn list(connection: &mut Connection, json: bool) -> anyhow::Result<()> {
    let listed = grants::list(connection).await?;
    if listed.is_empty() && !json {
        println!("no grants");
    }
    for grant in &listed {
        println!("{}", if json { as_json(grant).to_string() } else { in_words(grant) });
    }
    Ok(())
}

fn in_words(grant: &ListedGrant) -> String {
    let end = match (&grant.revoked_by, grant.is_valid) {
        (Some(by), _) => format!("revoked by {by}"),
        (None, true) => format!("good until {}", time(grant.expires_at)),
        (None, false) => format!("ended {}", time(grant.expires_at)),
    };
    let ListedGrant { id, operator, role, granted_by, created_at, .. } = grant;
    format!("{id:>5}  {}  {role:<8}  {operator}, by {granted_by}: {end}", time(*created_at))
}

fn as_json(grant: &ListedGrant) -> Value {
    json!({
        "id": grant.id, "operator": grant.operator, "role": grant.role, "granted_by": grant.granted_by,
        "created_at": grant.created_at, "expires_at": grant.expires_at, "revoked_at": grant.revoked_at,
        "revoked_by": grant.revoked_by, "is_valid": grant.is_valid,
    })
}

/// Who runs this command, as far as machine and database know.
async fn who(connection: &mut Connection) -> anyhow::Result<String> {
    let login = grants::database_login(connection).await?;
    Ok(format!("{}, as {login}", system_user()))
}

/// The operating system's name for the user, not what the environment says; the number where it has no name.
fn system_user() -> String {
    let Ok(process) = fs::metadata("/proc/self") else { return "somebody".to_owned() };
    let uid = process.uid().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find_map(|fields| {
        (fields.get(2).copied() == Some(uid.as_str()))
            .then(|| fields.first().copied().unwrap_or_default().to_owned())
    });
    named.unwrap_or(format!("user {uid}"))
}

/// `90s`, `30m`, `8h` or `2d`.
pub(super) fn lifetime(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time such as 8h, 30m, 90s or 2d");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_written_with_their_unit() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("8h", 28_800), ("2d", 172_800)] {
            assert_eq!(lifetime(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "8", "h", "-1h", "1.5h", "8 h", "99999999999999999999d", "१h"] {
            assert!(lifetime(text).is_err(), "{text}");
        }
    }
}
