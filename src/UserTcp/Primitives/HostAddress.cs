using System.Buffers.Binary;
using System.Net;

namespace UserTcp.Primitives;

/// <summary>
/// An IP address of either family in 16 bytes, IPv4 in its mapped form (RFC 4291 §2.5.5.2): one key for both families.
/// </summary>
internal readonly record struct HostAddress(ulong High, ulong Low)
{
    private const ulong MappedPrefix = 0x0000_ffff_0000_0000;

    /// <summary>0.0.0.0.</summary>
    public static readonly HostAddress AnyV4 = FromV4(0);

    /// <summary>255.255.255.255.</summary>
    public static readonly HostAddress BroadcastV4 = FromV4(uint.MaxValue);

    public bool IsV4 => High == 0 && (Low & 0xffff_ffff_0000_0000) == MappedPrefix;

    /// <summary>The IPv4 address in host order; meaningful only if <see cref="IsV4"/>.</summary>
    public uint V4 => (uint)Low;

    public bool IsUnspecified => IsV4 ? V4 == 0 : High == 0 && Low == 0;

    public bool IsMulticast => IsV4 ? V4 >> 28 == 0xe : High >> 56 == 0xff;

    /// <summary>255.255.255.255; a subnet's broadcast address depends on its prefix and is not known here.</summary>
    public bool IsLimitedBroadcast => this == BroadcastV4;

    public bool IsLoopback => IsV4 ? V4 >> 24 == 127 : High == 0 && Low == 1;

    /// <summary>240.0.0.0/4, which is reserved (RFC 1122 §3.2.1.3).</summary>
    public bool IsReserved => IsV4 && V4 >> 28 == 0xf;

    public static HostAddress FromV4(uint hostOrder) => new(0, MappedPrefix | hostOrder);

    public static HostAddress ReadV4(ReadOnlySpan<byte> bytes) => FromV4(BinaryPrimitives.ReadUInt32BigEndian(bytes));

    public static HostAddress ReadV6(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[sizeof(ulong)..]));

    public void WriteV4(Span<byte> bytes) => BinaryPrimitives.WriteUInt32BigEndian(bytes, V4);

    public static HostAddress From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int written);
        return written == 4
            ? ReadV4(bytes)
            : ReadV6(bytes);
    }

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        if (IsV4)
        {
            WriteV4(bytes);
            return new IPAddress(bytes[..4]);
        }

        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
        return new IPAddress(bytes);
    }

    public IpFamily Family => IsV4 ? IpFamily.V4 : IpFamily.V6;

    /// <summary>Whether both addresses share their first <paramref name="prefixLength"/> bits (IPv4 only).</summary>
    public bool SharesPrefixV4(HostAddress other, int prefixLength)
    {
        uint mask = prefixLength == 0 ? 0 : uint.MaxValue << (32 - prefixLength);
        return IsV4 && other.IsV4 && ((V4 ^ other.V4) & mask) == 0;
    }

    public override string ToString() => ToIPAddress().ToString();
}
