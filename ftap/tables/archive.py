"""The archive that a workbook is: what it unpacks into is bounded, whatever its headers say."""

import struct
import zipfile
import zlib
from collections.abc import Iterator

from django.conf import settings

from ftap.tables.problems import Unreadable

MAX_MEMBERS = 2_000
# A part that is read whole: the list of sheets, the links between parts.
MAX_PART = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_ENTRY = b"PK\x01\x02"
_END = b"PK\x05\x06"

DAMAGED = (
    "Le fichier est endommagé ou incomplet\u00a0: téléchargez-le de nouveau, ou ouvrez-le dans le "
    "tableur et enregistrez-le sous un autre nom."
)
BOMB = (
    "Le fichier contient bien plus que son poids ne le dit\u00a0: il ne peut pas être accepté. "
    "Copiez les données dans un classeur neuf."
)
LOCKED = (
    "Le fichier est protégé par un mot de passe\u00a0: retirez-le dans le tableur, puis déposez le "
    "fichier de nouveau."
)
MACROS = (
    "Le fichier contient des macros\u00a0: enregistrez-le sans elles, au format .xlsx ou .ods "
    "ordinaire."
)


class Archive:
    """The members of an archive by name; Unreadable where it is not sound.

    An archive that two programs could read differently (repeated names, bytes around it) is
    refused: what is checked here is read by a library afterwards.
    """

    def __init__(self, data: bytes):
        if data.count(_ENTRY) > MAX_MEMBERS:
            raise Unreadable(BOMB)
        try:
            with zipfile.ZipFile(_Bytes(data)) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error):
            raise Unreadable(DAMAGED) from None
        except (OverflowError, IndexError, UnicodeDecodeError, EOFError):
            raise Unreadable(DAMAGED) from None
        names = [member.filename.replace("\\", "/").casefold() for member in members]
        if len(set(names)) != len(names) or len(members) > MAX_MEMBERS:
            raise Unreadable(DAMAGED)
        if not data.startswith(b"PK\x03\x04") or not _is_whole(data):
            raise Unreadable(DAMAGED)
        if any(member.flag_bits & 1 for member in members):
            raise Unreadable(LOCKED)
        if sum(member.file_size for member in members) > settings.IMPORT_MAX_UNPACKED_BYTES:
            raise Unreadable(BOMB)
        self._data = data
        self._members = {member.filename: member for member in members}
        self._folded = {name.casefold(): name for name in self._members}

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def find(self, name: str) -> str | None:
        """The member of this name, whatever its case."""
        return self._folded.get(name.casefold())

    def read(self, name: str) -> bytes:
        """The whole of a small member; Unreadable past MAX_PART."""
        if self._members[name].file_size > MAX_PART:
            raise Unreadable(BOMB)
        return b"".join(self.stream(name))

    def verify(self, done=()) -> None:
        """Unpack each member but those already `done`, and keep nothing."""
        for name in self._members.keys() - set(done):
            for _ in self.stream(name):
                pass

    def stream(self, name: str) -> Iterator[bytes]:
        """The blocks of a member, its size and checksum verified as they come.

        The library for archives trusts the declared size, and stops there; the program that reads
        values afterwards does not.
        """
        member = self._members[name]
        blocks = self._stored(member) if member.compress_type == 0 else self._inflated(member)
        size = checksum = 0
        for block in blocks:
            size += len(block)
            if size > member.file_size:
                raise Unreadable(BOMB)
            checksum = zlib.crc32(block, checksum)
            yield block
        if size != member.file_size or checksum != member.CRC:
            raise Unreadable(DAMAGED)

    def _packed(self, member):
        start = member.header_offset
        header = self._data[start : start + 30]
        if len(header) < 30 or header[:4] != b"PK\x03\x04":
            raise Unreadable(DAMAGED)
        start += 30 + sum(struct.unpack("<HH", header[26:30]))
        packed = memoryview(self._data)[start : start + member.compress_size]
        if len(packed) != member.compress_size:
            raise Unreadable(DAMAGED)
        return packed

    def _stored(self, member):
        packed = self._packed(member)
        for start in range(0, len(packed), _CHUNK):
            yield bytes(packed[start : start + _CHUNK])

    def _inflated(self, member):
        if member.compress_type != zipfile.ZIP_DEFLATED:
            raise Unreadable(DAMAGED)
        packed = self._packed(member)
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for start in range(0, len(packed), _CHUNK):
                rest = packed[start : start + _CHUNK]
                while rest and not inflater.eof:
                    if block := inflater.decompress(rest, _CHUNK):
                        yield block
                    rest = inflater.unconsumed_tail
            while not inflater.eof and (block := inflater.decompress(b"", _CHUNK)):
                yield block
        except zlib.error:
            raise Unreadable(DAMAGED) from None
        if not inflater.eof or inflater.unused_data:
            raise Unreadable(DAMAGED)


def _is_whole(data):
    """Whether the archive ends where its last record says, with nothing before it."""
    end = data[-22:]
    if end[:4] != _END or end[20:] != b"\0\0":
        return False
    size, offset = struct.unpack("<LL", end[12:20])
    if 0xFFFFFFFF in (size, offset):
        return False
    # Some programs always write the records of large archives (APPNOTE 4.3.14 and 4.3.15).
    large = data[-42:-38] == b"PK\x06\x07"
    return offset + size + (76 if large else 0) == len(data) - 22


class _Bytes:
    """Bytes as a file that is read, without a copy of them."""

    def __init__(self, data):
        self._data, self._at = memoryview(data), 0

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        at = (0, self._at, len(self._data))[whence] + offset
        if at < 0:
            raise OSError("before the start")
        self._at = at
        return at

    def tell(self):
        return self._at

    def read(self, size=-1):
        end = len(self._data) if size is None or size < 0 else self._at + size
        found = bytes(self._data[self._at : end])
        self._at += len(found)
        return found
