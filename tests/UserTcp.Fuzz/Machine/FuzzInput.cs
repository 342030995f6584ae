namespace UserTcp.Fuzz.Machine;

/// <summary>The bytes of one execution, read from front to back. Beyond the end there are zeros.</summary>
internal sealed class FuzzInput(byte[] bytes, int length)
{
    private int _at;

    public bool IsEmpty => _at >= length;

    public byte Next() => _at < length ? bytes[_at++] : (byte)0;

    public ushort NextU16() => (ushort)(Next() << 8 | Next());

    public uint NextU32() => (uint)NextU16() << 16 | NextU16();
}
