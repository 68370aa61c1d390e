"""An address book that trusts whoever reaches it.

There is no sign-in, no user table and no permission check in this file: the gateway in front decides who
may do what. The contacts live in memory and are as new after every start.
"""

from typing import Annotated

from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel


class NewContact(BaseModel):
    first_name: str
    owner_id: str = ""
    is_active: bool = True
    marketing_opt_in: bool = False


class Contact(NewContact):
    id: int


def first_contacts() -> dict[int, Contact]:
    rows = [
        ("Nick", "2", True, True),
        ("Simon", "2", False, True),
        ("Mary", "3", True, False),
        ("Christina", "3", False, True),
        ("Aleks", "3", True, True),
    ]
    return {
        number: Contact(id=number, first_name=name, owner_id=owner, is_active=active, marketing_opt_in=opt_in)
        for number, (name, owner, active, opt_in) in enumerate(rows, start=1)
    }


app = FastAPI(title="Contacts")
contacts = first_contacts()


def find(contact_id: int) -> Contact:
    if contact_id not in contacts:
        raise HTTPException(status_code=404, detail="no such contact")
    return contacts[contact_id]


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/contacts")
def list_contacts() -> list[Contact]:
    # The list leaves the owner out, as the screen that shows it has no use for one.
    return [contact.model_copy(update={"owner_id": ""}) for contact in contacts.values()]


@app.get("/contacts/{contact_id}")
def read_contact(contact_id: int) -> Contact:
    return find(contact_id)


@app.post("/contacts/new")
def create_contact(contact: NewContact, x_user_id: Annotated[str, Header()] = "") -> Contact:
    number = max(contacts, default=0) + 1
    contacts[number] = Contact(**contact.model_dump(exclude={"owner_id"}), id=number, owner_id=x_user_id)
    return contacts[number]


@app.put("/contacts/{contact_id}")
def update_contact(contact_id: int, contact: NewContact) -> Contact:
    find(contact_id)
    contacts[contact_id] = Contact(**contact.model_dump(), id=contact_id)
    return contacts[contact_id]


@app.delete("/contacts/{contact_id}")
def delete_contact(contact_id: int) -> dict[str, str]:
    find(contact_id)
    del contacts[contact_id]
    return {"deleted": str(contact_id)}
