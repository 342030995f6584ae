using System.Globalization;

namespace UserTcp.Testing.Packetdrill.Syntax;

/// <summary>ICMP messages: <c>icmp unreachable host_unreachable [1:1001(1000)]</c>.</summary>
internal static class IcmpParser
{
    private const byte Unreachable = 3;
    private const byte TimeExceeded = 11;

    private static readonly string[] s_types =
    [
        "echo_reply", "type_1", "type_2", "unreachable", "source_quench", "redirect", "type_6", "type_7",
        "echo_request", "router_advertisement", "router_solicitation", "time_exceeded", "parameter_problem",
        "timestamp_request", "timestamp_reply", "information_request", "information_reply", "address_mask_request",
        "address_mask_reply",
    ];

    private static readonly string[] s_unreachable =
    [
        "net_unreachable", "host_unreachable", "protocol_unreachable", "port_unreachable", "frag_needed",
        "source_route_failed", "net_unknown", "host_unknown", "source_host_isolated", "net_prohibited",
        "host_prohibited", "net_unreachable_for_tos", "host_unreachable_for_tos", "packet_filtered",
        "precedence_violation", "precedence_cutoff",
    ];

    public static IcmpPattern Parse(Scanner scanner)
    {
        byte type = ParseType(scanner, scanner.TakeWord());
        byte code = 0;
        if (char.IsAsciiLetter(scanner.Next) && !scanner.LooksAt("mtu") && !scanner.LooksAt("id "))
            code = ParseCode(scanner, type, scanner.TakeWord());
        var message = new IcmpPattern(type, code);
        while (true)
        {
            if (scanner.TryTakeWord("mtu"))
                message = message with { Mtu = (int)scanner.TakeInteger("an MTU", ushort.MaxValue) };
            else if (scanner.TryTakeWord("id"))
                message = message with { Identifier = (ushort)scanner.TakeInteger("an identifier", ushort.MaxValue) };
            else if (scanner.TryTake("["))
                message = ParseQuote(scanner, message);
            else
                return message;
        }
    }

    private static IcmpPattern ParseQuote(Scanner scanner, IcmpPattern message)
    {
        if (char.IsAsciiLetter(scanner.Next))
            throw ScriptException.Unsupported(scanner.Line, $"ICMP about a packet of {scanner.TakeWord()}");

        (uint start, _, int length) = PacketParser.TakeRange(scanner);
        bool isAbsolute = scanner.TryTake("!");
        scanner.Take("]");
        return message with { QuotedStart = start, QuotedLength = length, IsQuoteAbsolute = isAbsolute };
    }

    private static byte ParseType(Scanner scanner, string name)
    {
        if (name == "param_problem")
            name = "parameter_problem";
        int index = Array.IndexOf(s_types, name);
        return index >= 0 ? (byte)index : Numbered(scanner, name, "type_");
    }

    private static byte ParseCode(Scanner scanner, byte type, string name)
    {
        int index = type == Unreachable ? Array.IndexOf(s_unreachable, name) : -1;
        if (index >= 0)
            return (byte)index;

        return name switch
        {
            "exceeded_hop_limit" or "ttl_exceeded" or "ttl_exceeded_in_transit" when type == TimeExceeded => 0,
            "frag_reass_exceeded" or "exceeded_frag_time" when type == TimeExceeded => 1,
            _ => Numbered(scanner, name, "code_"),
        };
    }

    private static byte Numbered(Scanner scanner, string name, string prefix)
    {
        if (!name.StartsWith(prefix, StringComparison.Ordinal))
            throw ScriptException.Unsupported(scanner.Line, $"the ICMP message '{name}'");

        ReadOnlySpan<char> digits = name.AsSpan(prefix.Length);
        return byte.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out byte number)
            ? number
            : throw new ScriptException(scanner.Line, $"'{name}' is not in the range of 0 to 255");
    }
}
