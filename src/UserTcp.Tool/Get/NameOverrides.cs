using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace UserTcp.Tool.Get;

/// <summary>The entries of <c>--resolve</c>: addresses of hosts. A later entry replaces an earlier one.</summary>
internal sealed class NameOverrides(IEnumerable<string> entries)
{
    private const string AnyHost = "*";
    private readonly Dictionary<(string Host, int Port), IPAddress[]> _entries = Read(entries);

    /// <summary>The addresses that an entry gives to a host; null if none does.</summary>
    public IPAddress[]? Find(string host, int port) =>
        _entries.GetValueOrDefault((host.ToLowerInvariant(), port)) ?? _entries.GetValueOrDefault((AnyHost, port));

    private static Dictionary<(string Host, int Port), IPAddress[]> Read(IEnumerable<string> entries)
    {
        var read = new Dictionary<(string Host, int Port), IPAddress[]>();
        foreach (string entry in entries)
        {
            // '+' limits the life of an entry in a cache that outlives the run: here nothing does. '-' takes one back.
            string[] parts = entry.TrimStart('+', '-').Split(':', 3);
            bool isTakenBack = entry.StartsWith('-');
            if (parts.Length < 2 || parts[0].Length == 0 || (parts.Length == 3) == isTakenBack
                || !ushort.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
                throw NotAnEntry(entry);

            (string, int) key = (parts[0].ToLowerInvariant(), port);
            if (isTakenBack)
                read.Remove(key);
            else
                read[key] = [.. parts[2].Split(',').Select(text => ParseAddress(text, entry))];
        }

        return read;
    }

    private static IPAddress ParseAddress(string text, string entry)
    {
        // IPAddress takes 2 for 0.0.0.2, which no one means here.
        if (!IPAddress.TryParse(text.Trim('[', ']'), out IPAddress? address)
            || (address.AddressFamily == AddressFamily.InterNetwork && text.Count(letter => letter == '.') != 3))
            throw NotAnEntry(entry);

        return address.AddressFamily == AddressFamily.InterNetwork ? address : throw new ToolException(
            Failure.Connect, $"'{entry}' has an IPv6 address, and IPv6 is not there yet.");
    }

    private static ToolException NotAnEntry(string entry) => new(
        Failure.Resolve, $"'{entry}' is not an entry of --resolve such as example.org:443:192.168.1.7.");
}
