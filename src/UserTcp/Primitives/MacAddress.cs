using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.NetworkInformation;
using UserTcp.Primitives;

namespace UserTcp;

/// <summary>A 48-bit Ethernet address, a value type. Immutable and thread-safe.</summary>
[TypeConverter(typeof(MacAddressConverter))]
public readonly record struct MacAddress : ISpanParsable<MacAddress>, ISpanFormattable
{
    /// <summary>The number of octets of an address.</summary>
    public const int Size = 6;

    private const int TextLength = 17;
    private readonly ulong _value;

    private MacAddress(ulong value) => _value = value;

    /// <summary>Reads an address from its six octets, in the order in which they travel.</summary>
    /// <param name="octets">At least six octets; the rest is ignored.</param>
    /// <exception cref="ArgumentException">There are fewer than six octets.</exception>
    public MacAddress(ReadOnlySpan<byte> octets)
    {
        if (octets.Length < Size)
            throw new ArgumentException("A MAC address has six octets.", nameof(octets));

        _value = (ulong)octets[0] << 40 | (ulong)octets[1] << 32 | (ulong)octets[2] << 24
            | (ulong)octets[3] << 16 | (ulong)octets[4] << 8 | octets[5];
    }

    /// <summary>Converts an address that the platform gave, of a network interface for instance.</summary>
    /// <param name="address">An address of six octets.</param>
    /// <exception cref="ArgumentException">
    /// The address has another length, as those of interfaces without Ethernet addresses (<c>lo</c>, tunnels) have.
    /// </exception>
    public MacAddress(PhysicalAddress address)
        : this(OctetsOf(address))
    {
    }

    /// <summary>ff:ff:ff:ff:ff:ff, every station on the link.</summary>
    public static MacAddress Broadcast { get; } = new(0xffff_ffff_ffff);

    /// <summary>Whether the address names a group of stations (the broadcast address is one).</summary>
    public bool IsMulticast => (_value >> 40 & 1) != 0;

    /// <summary>Whether the address was not assigned by a manufacturer.</summary>
    public bool IsLocallyAdministered => (_value >> 40 & 2) != 0;

    /// <summary>Whether this is 00:00:00:00:00:00, which no station may have.</summary>
    public bool IsZero => _value == 0;

    /// <summary>
    /// Makes a locally administered unicast address from a seed: the same seed gives the same address, on every system.
    /// </summary>
    /// <param name="seed">Any bytes, for instance a link's name and an IP address.</param>
    /// <returns>An address whose first octet is 02 modulo 04.</returns>
    public static MacAddress CreateLocal(ReadOnlySpan<byte> seed)
    {
        ulong hash = Primitives.SipHash.Unkeyed.Hash(seed);
        return new MacAddress(hash & 0xfcff_ffff_ffff | 0x0200_0000_0000);
    }

    /// <summary>Writes the six octets in the order in which they travel.</summary>
    /// <param name="destination">At least six octets.</param>
    /// <exception cref="ArgumentException">There is room for fewer than six octets.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (destination.Length < Size)
            throw new ArgumentException("A MAC address needs six octets.", nameof(destination));

        for (int i = 0; i < Size; i++)
        {
            destination[i] = (byte)(_value >> (40 - 8 * i));
        }
    }

    /// <summary>The address as the platform's type.</summary>
    /// <returns>An address of six octets.</returns>
    public PhysicalAddress ToPhysicalAddress()
    {
        byte[] octets = new byte[Size];
        CopyTo(octets);
        return new PhysicalAddress(octets);
    }

    /// <summary>Reads "02:5a:11:0c:7e:21"; hyphens may stand for colons.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The address.</returns>
    /// <exception cref="FormatException">The text is not six pairs of hexadecimal digits.</exception>
    public static MacAddress Parse(string s, IFormatProvider? provider = null)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Parse(s.AsSpan(), provider);
    }

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static MacAddress Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out MacAddress result)
            ? result
            : throw new FormatException($"'{s}' is not a MAC address such as 02:00:5e:10:00:01.");

    /// <summary>Reads an address without throwing.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The address, or zero.</param>
    /// <returns>Whether the text is an address.</returns>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out MacAddress result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out MacAddress)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out MacAddress result)
    {
        result = default;
        if (s.Length != TextLength)
            return false;

        ulong value = 0;
        for (int i = 0; i < Size; i++)
        {
            bool separated = i == 0 || s[3 * i - 1] is ':' or '-';
            if (!separated
                || !byte.TryParse(
                    s.Slice(3 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte octet))
            {
                return false;
            }

            value = value << 8 | octet;
        }

        result = new MacAddress(value);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => ToString(null, null);

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) =>
        string.Create(TextLength, this, static (span, mac) => mac.TryFormat(span, out _, default, null));

    /// <inheritdoc/>
    public bool TryFormat(
        Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        charsWritten = 0;
        if (destination.Length < TextLength)
            return false;

        for (int i = 0; i < Size; i++)
        {
            if (i > 0)
                destination[3 * i - 1] = ':';
            int octet = (int)(_value >> (40 - 8 * i)) & 0xff;
            destination[3 * i] = Digit(octet >> 4);
            destination[3 * i + 1] = Digit(octet & 15);
        }

        charsWritten = TextLength;
        return true;

        static char Digit(int n) => (char)(n < 10 ? '0' + n : 'a' + n - 10);
    }

    private static byte[] OctetsOf(PhysicalAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        byte[] octets = address.GetAddressBytes();
        return octets.Length == Size
            ? octets
            : throw new ArgumentException(
                $"The address has {octets.Length} octets; a MAC address has six.", nameof(address));
    }
}

/// <summary>Lets configuration binding read a <see cref="MacAddress"/> from text.</summary>
internal sealed class MacAddressConverter : TextConverter
{
    protected override object Parse(string text) => MacAddress.Parse(text);
}
