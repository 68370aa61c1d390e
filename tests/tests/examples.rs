//! Do the two examples answer as their tables say? Real services, the real binary, every person, every resource,
//! every verb, and a record of each.

use portreeve_tests::apps::{App, express_expenses, fastapi_contacts};
use portreeve_tests::{Gateway, Issuer, Project, Reply, Request};
use serde_json::{Value, json};

/// A person of an example: the token's subject, roles and other claims.
struct Person {
    name: &'static str,
    subject: &'static str,
    roles: &'static [&'static str],
    claims: Value,
}

/// A gateway before a service, and the requests made so far.
struct Example {
    gateway: Gateway,
    issuer: Issuer,
    asked: usize,
    // After the gateway, so that it goes later.
    _app: App,
}

impl Example {
    fn contacts() -> Example {
        Example::start(fastapi_contacts(), "fastapi-contacts", "contacts")
    }

    fn expenses() -> Example {
        Example::start(express_expenses(), "express-expenses", "expenses")
    }

    fn start(app: App, name: &str, audience: &str) -> Example {
        let issuer = Issuer::for_example(audience);
        let gateway = Gateway::start(Project::example(name, app.port(), &issuer));
        Example { gateway, issuer, asked: 0, _app: app }
    }

    /// Asks as this person and holds the answer and its audit record against what was expected.
    fn expect(&mut self, person: &Person, request: &Request, status: u16) -> Reply {
        let token = self.issuer.token(person.subject, person.roles, &person.claims);
        let reply = self.gateway.send(&request.clone().bearer(&token));
        self.asked += 1;
        assert_eq!(reply.status, status, "{}: {request:?}: {}", person.name, reply.text());
        reply
    }

    /// The records so far: exactly one for each request.
    fn records(&self) -> Vec<Value> {
        let records = self.gateway.audit().wait_for(self.asked);
        assert_eq!(records.len(), self.asked, "one record for each request");
        records
    }
}

fn contact_people() -> [Person; 4] {
    let person = |name, subject, roles, department: &str| Person {
        name,
        subject,
        roles,
        claims: json!({ "department": department }),
    };
    [
        person("alice", "1", &["admin"], "IT"),
        person("john", "2", &["user"], "Sales"),
        person("sarah", "3", &["user"], "Sales"),
        person("geri", "4", &["user"], "Marketing"),
    ]
}

/// What each person may do to contacts 1 to 5: `r`ead, `u`pdate, `d`elete.
const CONTACTS: [(&str, [&str; 5]); 4] = [
    ("alice", ["rud", "rud", "rud", "rud", "rud"]),
    ("john", ["rud", "rud", "r", "", "r"]),
    ("sarah", ["r", "", "rud", "rud", "rud"]),
    ("geri", ["r", "", "", "", "r"]),
];

const STORED: [(&str, &str, bool, bool); 5] = [
    ("Nick", "2", true, true),
    ("Simon", "2", false, true),
    ("Mary", "3", true, false),
    ("Christina", "3", false, true),
    ("Aleks", "3", true, true),
];

#[test]
fn contacts_answer_every_person_as_the_table_says() {
    for (person, (name, rights)) in contact_people().iter().zip(CONTACTS) {
        assert_eq!(person.name, name);
        let mut example = Example::contacts();
        let status = |allowed: bool| if allowed { 200 } else { 403 };
        for (number, right) in (1..).zip(rights) {
            let read = Request::get(&format!("/contacts/{number}"));
            let reply = example.expect(person, &read, status(right.contains('r')));
            if right.contains('r') {
                assert_eq!(reply.json()["first_name"], STORED[number - 1].0);
            }
        }
        for ((number, right), (first_name, owner_id, is_active, marketing_opt_in)) in
            (1..).zip(rights).zip(STORED)
        {
            let same = json!({ "first_name": first_name, "owner_id": owner_id, "is_active": is_active, "marketing_opt_in": marketing_opt_in });
            let update = Request::new("PUT", &format!("/contacts/{number}")).json(&same);
            example.expect(person, &update, status(right.contains('u')));
        }
        for (number, right) in (1..).zip(rights) {
            let delete = Request::new("DELETE", &format!("/contacts/{number}"));
            example.expect(person, &delete, status(right.contains('d')));
        }
        for verb in ["GET", "PUT", "DELETE"] {
            example.expect(
                person,
                &Request::new(verb, "/contacts/99").json(&json!({ "first_name": "Nobody" })),
                404,
            );
        }
        let record = &example.records()[0];
        assert_eq!(record["principal"]["id"], person.subject, "{record}");
    }
}

#[test]
fn only_sales_and_admins_add_contacts_and_only_admins_see_the_whole_list() {
    let mut example = Example::contacts();
    for (person, create, list) in contact_people()
        .iter()
        .zip([(200, 200), (200, 403), (200, 403), (403, 403)])
        .map(|(p, (c, l))| (p, c, l))
    {
        let zoe = json!({ "first_name": "Zoe", "owner_id": "4" });
        let reply = example.expect(person, &Request::new("POST", "/contacts/new").json(&zoe), create);
        if create == 200 {
            assert_eq!(
                reply.json()["owner_id"],
                person.subject,
                "the owner is who asked, as the gateway says"
            );
        }
        example.expect(person, &Request::get("/contacts"), list);
    }
    let records = example.records();
    assert_eq!(records.iter().filter(|record| record["status"] == 403).count(), 4, "{records:#?}");
}

#[test]
fn the_owner_in_the_body_of_a_change_is_not_asked() {
    let mut example = Example::contacts();
    let [_, john, _, geri] = contact_people();
    let mine = json!({ "first_name": "Nick", "owner_id": "4", "is_active": true, "marketing_opt_in": true });
    let change = Request::new("PUT", "/contacts/1").json(&mine);
    example.expect(&geri, &change, 403);
    // Given away by its owner, it is geri's from then on: the stored owner is read anew every time.
    example.expect(&john, &change, 200);
    example.expect(&john, &change, 403);
    example.expect(&geri, &change, 200);
}

#[test]
fn nobody_and_strangers_are_refused_before_the_service_is_asked() {
    let mut example = Example::contacts();
    let reply = example.gateway.send(&Request::get("/contacts/1"));
    example.asked += 1;
    assert_eq!(reply.status, 401);
    assert!(reply.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")), "{reply:?}");

    let stranger = Person {
        name: "stranger",
        subject: "77",
        roles: &["guest"],
        claims: json!({ "department": "Sales" }),
    };
    for number in 1..=5 {
        example.expect(&stranger, &Request::get(&format!("/contacts/{number}")), 403);
    }
    for hidden in ["/docs", "/openapi.json", "/redoc", "/contacts/1/", "/CONTACTS/1", "/"] {
        let [alice, ..] = contact_people();
        example.expect(&alice, &Request::get(hidden), 404);
    }
    assert_eq!(example.gateway.send(&Request::get("/health")).status, 200);
    example.asked += 1;
    example.records();
}

fn staff() -> [Person; 7] {
    let person = |name, roles, department: &str, region: &str| Person {
        name,
        subject: name,
        roles,
        claims: json!({ "department": department, "region": region }),
    };
    [
        person("sally", &["USER"], "SALES", "EMEA"),
        Person { name: "ian", subject: "ian", roles: &["ADMIN"], claims: json!({ "department": "IT" }) },
        person("frank", &["USER"], "FINANCE", "EMEA"),
        person("derek", &["USER", "MANAGER"], "FINANCE", "EMEA"),
        person("simon", &["USER", "MANAGER"], "SALES", "NA"),
        person("mark", &["USER", "MANAGER"], "SALES", "EMEA"),
        person("sydney", &["USER"], "SALES", "NA"),
    ]
}

/// What each person may do to claims 1 to 5: `v`iew, `u`pdate, `d`elete, `a`pprove (or reject).
const EXPENSES: [(&str, [&str; 5]); 7] = [
    ("sally", ["vud", "v", "vud", "", "v"]),
    ("ian", ["vuda", "vuda", "vuda", "vuda", "vuda"]),
    ("frank", ["va", "v", "va", "vud", "v"]),
    ("derek", ["vda", "vd", "vda", "vuda", "vd"]),
    ("simon", ["", "", "", "", ""]),
    ("mark", ["v", "v", "v", "v", "v"]),
    ("sydney", ["", "", "", "", ""]),
];

#[test]
fn expenses_answer_every_person_as_the_table_says() {
    // To settle a claim changes it, so each way of settling gets services of its own.
    for settle in ["approve", "reject"] {
        for (person, (name, rights)) in staff().iter().zip(EXPENSES) {
            assert_eq!(person.name, name);
            let mut example = Example::expenses();
            let steps: [(char, &str, &str); 4] =
                [('v', "GET", ""), ('u', "PATCH", ""), ('a', "POST", settle), ('d', "DELETE", "")];
            for (right, verb, rest) in steps {
                for (number, rights) in (1..).zip(rights) {
                    let slash = if rest.is_empty() { "" } else { "/" };
                    let request = Request::new(verb, &format!("/api/expenses/expense{number}{slash}{rest}"));
                    let request = if verb == "PATCH" { request.json(&json!({})) } else { request };
                    let allowed = rights.contains(right);
                    let reply = example.expect(person, &request, if allowed { 200 } else { 403 });
                    if allowed && right == 'a' {
                        assert_eq!(reply.json()["expense"]["approvedBy"], person.name);
                    }
                }
            }
            let records = example.records();
            let allowed = records.iter().filter(|record| record["status"] == 200).count();
            assert_eq!(allowed, rights.iter().map(|right| right.len()).sum::<usize>(), "{}", person.name);
        }
    }
}

#[test]
fn a_claim_that_was_settled_is_settled_for_everyone_but_admins() {
    let mut example = Example::expenses();
    let [sally, ian, frank, derek, ..] = staff();
    let approve = Request::new("POST", "/api/expenses/expense1/approve");
    let reject = Request::new("POST", "/api/expenses/expense1/reject");
    let change = Request::new("PATCH", "/api/expenses/expense1").json(&json!({ "amount": 1 }));
    example.expect(&sally, &change, 200);
    example.expect(&frank, &approve, 200);
    example.expect(&sally, &change, 403);
    example.expect(&derek, &reject, 403);
    example.expect(&ian, &reject, 200);
}

#[test]
fn everybody_claims_in_their_own_name_and_admins_see_usage() {
    let mut example = Example::expenses();
    for person in staff() {
        let claim = json!({ "vendor": "Trains", "amount": 12, "region": "EMEA", "ownerId": "ian" });
        let made = example.expect(&person, &Request::new("POST", "/api/expenses").json(&claim), 201);
        assert_eq!(made.json()["expense"]["ownerId"], person.name);
        let me = example.expect(&person, &Request::get("/api/me"), 200).json();
        assert_eq!((&me["id"], &me["roles"]), (&json!(person.name), &json!(person.roles)));

        let admin = if person.name == "ian" { 200 } else { 403 };
        example.expect(&person, &Request::get("/api/expenses"), admin);
        example.expect(&person, &Request::get("/api/_/usage"), admin);
        example.expect(&person, &Request::new("POST", "/api/_/usage/reset"), admin);
    }
    example.records();
}

#[test]
fn spellings_that_express_would_accept_are_no_way_round() {
    let mut example = Example::expenses();
    let [sally, ..] = staff();
    for target in ["/API/expenses/expense4", "/api/expenses/expense4/", "/api/Expenses/expense4"] {
        example.expect(&sally, &Request::get(target), 404);
    }
    let disguised = Request::new("POST", "/api/expenses/expense4").header("X-HTTP-Method-Override", "DELETE");
    example.expect(&sally, &disguised, 404);
}
