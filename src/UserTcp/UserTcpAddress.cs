using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using UserTcp.Primitives;

namespace UserTcp;

/// <summary>
/// An address of a stack and the length of its subnet's prefix, written <c>192.168.1.50/24</c>. Immutable and
/// thread-safe; configuration binding reads it from text.
/// </summary>
/// <param name="Address">The host's address on the link; IPv4.</param>
/// <param name="PrefixLength">How many leading bits name the subnet, from 0 to 32.</param>
[TypeConverter(typeof(UserTcpAddressConverter))]
public readonly record struct UserTcpAddress(IPAddress Address, int PrefixLength) : ISpanParsable<UserTcpAddress>
{
    private const int MaxPrefixV4 = 32;
    private const int MaxPrefixV6 = 128;

    /// <summary>
    /// Reads <c>192.168.1.50/24</c>. The prefix length is required: it tells which hosts are on the link.
    /// </summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The address.</returns>
    /// <exception cref="FormatException">The text is not an address with a prefix length that fits it.</exception>
    public static UserTcpAddress Parse(string s, IFormatProvider? provider = null)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Parse(s.AsSpan(), provider);
    }

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static UserTcpAddress Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out UserTcpAddress result)
            ? result
            : throw new FormatException(Explain(s));

    /// <summary>Reads an address without throwing.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The address, or the default value.</param>
    /// <returns>Whether the text is an address with a prefix length that fits it.</returns>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out UserTcpAddress result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out UserTcpAddress)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out UserTcpAddress result)
    {
        result = default;
        int slash = s.IndexOf('/');
        if (slash < 0)
            return false;

        ReadOnlySpan<char> text = s[..slash];
        if (!IPAddress.TryParse(text, out IPAddress? address) || !IsCanonical(text, address))
            return false;

        int longest = address.AddressFamily == AddressFamily.InterNetwork ? MaxPrefixV4 : MaxPrefixV6;
        ReadOnlySpan<char> digits = s[(slash + 1)..];
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int prefix) || prefix > longest)
            return false;

        result = new UserTcpAddress(address, prefix);
        return true;
    }

    /// <summary>
    /// The address with its prefix length, as <see cref="Parse(string, IFormatProvider?)"/> reads it.
    /// </summary>
    /// <returns>For instance <c>192.168.1.50/24</c>.</returns>
    public override string ToString() => $"{Address}/{PrefixLength}";

    private static string Explain(ReadOnlySpan<char> s) => s.Contains('/') || !IPAddress.TryParse(s, out _)
        ? $"'{s}' is not an address with a prefix length, such as 192.168.1.50/24."
        : $"'{s}' has no prefix length, which says who is on the link: write '{s}/24' for a subnet of 256 addresses.";

    // IPAddress reads "1" as 0.0.0.1 and "10.1" as 10.0.0.1; here that is a mistyped address, not a short one.
    private static bool IsCanonical(ReadOnlySpan<char> text, IPAddress address) =>
        address.AddressFamily != AddressFamily.InterNetwork || text.Count('.') == 3;
}

/// <summary>Lets configuration binding read a <see cref="UserTcpAddress"/> from text.</summary>
internal sealed class UserTcpAddressConverter : TextConverter
{
    protected override object Parse(string text) => UserTcpAddress.Parse(text);
}
