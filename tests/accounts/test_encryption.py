import pytest
from cryptography.exceptions import InvalidTag
from django.core.exceptions import FieldError
from django.db import connection
from django.test import override_settings

from accounts.encryption import (
    UnknownKey,
    decrypt_bytes,
    decrypt_text,
    encrypt_bytes,
    encrypt_text,
    keyed_hash,
)
from members.models import Member
from tests.factories import make_branch, make_id_number, make_member


def keys(*names):
    return override_settings(FIELD_KEYS=list(names))


@pytest.mark.parametrize("text", ["62990119800517001X", "许文桥", "长" * 5000, " "])
def test_text_comes_back_as_it_was(text):
    sealed = encrypt_text(text, "Member.id_number")
    assert text.strip() == "" or text not in sealed
    assert decrypt_text(sealed, "Member.id_number") == text


def test_files_come_back_as_they_were():
    content = bytes(range(256)) * 40 + b":::"
    assert decrypt_bytes(encrypt_bytes(content, "file"), "file") == content


def test_the_same_text_looks_different_each_time():
    assert encrypt_text("许文桥", "x") != encrypt_text("许文桥", "x")


def test_a_value_moved_to_another_column_does_not_open():
    with pytest.raises(InvalidTag):
        decrypt_text(encrypt_text("许文桥", "Member.phone"), "Member.id_number")


def test_a_value_that_was_tampered_with_does_not_open():
    sealed = bytearray(encrypt_bytes(b"content", "file"))
    sealed[-1] ^= 1
    with pytest.raises(InvalidTag):
        decrypt_bytes(bytes(sealed), "file")


def test_a_new_key_encrypts_and_the_old_one_still_opens():
    with keys("old"):
        before = encrypt_text("许文桥", "x")
    with keys("new", "old"):
        assert decrypt_text(before, "x") == "许文桥"
        after = encrypt_text("许文桥", "x")
    with keys("new"):
        assert decrypt_text(after, "x") == "许文桥"
        with pytest.raises(UnknownKey):
            decrypt_text(before, "x")


def test_the_hash_stays_when_a_key_is_added_in_front():
    with keys("old"):
        before = keyed_hash("62990119800517001X")
    with keys("new", "old"):
        assert keyed_hash("62990119800517001X") == before
    with keys("new"):
        assert keyed_hash("62990119800517001X") != before


def test_the_hash_is_keyed_and_tells_nothing_for_a_blank():
    assert len(keyed_hash("1")) == 64
    assert keyed_hash("1") != keyed_hash("2")
    assert keyed_hash("") == ""


# --- In the database --------------------------------------------------------------------


@pytest.mark.django_db
def test_numbers_stand_in_the_database_encrypted_only():
    number = make_id_number(number=321)
    member = make_member(make_branch(), id_number=number, phone="19900000321")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM members_member WHERE id = %s", [member.pk])
        stored = " ".join(map(str, cursor.fetchone()))
    assert number not in stored and "19900000321" not in stored
    assert "******" in stored
    read = Member.objects.get(pk=member.pk)
    assert (read.id_number, read.phone) == (number, "19900000321")


@pytest.mark.django_db
def test_a_member_is_found_by_the_hash():
    number = make_id_number(number=322)
    member = make_member(make_branch(), id_number=number)
    assert Member.objects.get(id_number_hash=keyed_hash(number)) == member


@pytest.mark.django_db
@pytest.mark.parametrize(
    "lookup", ["id_number", "id_number__contains", "id_number__in", "phone__startswith"]
)
def test_a_filter_on_an_encrypted_column_is_refused(lookup):
    with pytest.raises(FieldError, match="encrypted"):
        list(Member.objects.filter(**{lookup: "6299"}))


@pytest.mark.django_db
def test_a_blank_number_stays_blank():
    member = make_member(make_branch(), id_number="", phone="")
    member.refresh_from_db()
    assert (member.id_number, member.id_number_mask, member.id_number_hash) == ("", "", None)
