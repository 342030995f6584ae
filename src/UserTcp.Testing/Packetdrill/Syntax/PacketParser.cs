namespace UserTcp.Testing.Packetdrill.Syntax;

/// <summary>Packets: what stands behind <c>&lt;</c> and <c>&gt;</c>.</summary>
internal static class PacketParser
{
    private const string KnownFlags = "SFRPUEW.-";
    private const int MaxLength = ushort.MaxValue;

    public static PacketPattern Parse(Scanner scanner, bool isInbound)
    {
        PacketPattern packet = ParseIpSpec(scanner, new PacketPattern());
        if (scanner.TryTakeWord("icmp"))
            return packet with { Icmp = IcmpParser.Parse(scanner) };
        if (scanner.TryTakeWord("icmpv6") || scanner.TryTakeWord("ipv6"))
            throw ScriptException.Unsupported(scanner.Line, "IPv6");
        foreach (string other in new[] { "ipv4", "gre", "GREv0", "mpls", "udp", "udplite", "sctp" })
        {
            if (scanner.TryTakeWord(other))
                throw ScriptException.Unsupported(scanner.Line, $"a packet of {other}");
        }

        return ParseTcp(scanner, ParsePorts(scanner, packet, isInbound));
    }

    // [ect0, ttl 64], or the same in parentheses.
    private static PacketPattern ParseIpSpec(Scanner scanner, PacketPattern packet)
    {
        string? end = scanner.TryTake("[") ? "]" : scanner.TryTake("(") ? ")" : null;
        if (end is null)
            return packet;

        do
        {
            packet = ParseIpField(scanner, packet);
        }
        while (scanner.TryTake(","));
        scanner.Take(end);
        return packet;
    }

    private static PacketPattern ParseIpField(Scanner scanner, PacketPattern packet)
    {
        string word = scanner.TakeWord();
        return word switch
        {
            "noecn" => packet with { Ecn = EcnPattern.None },
            "ect0" => packet with { Ecn = EcnPattern.Ect0 },
            "ect1" => packet with { Ecn = EcnPattern.Ect1 },
            "ect01" => packet with { Ecn = EcnPattern.EitherEct },
            "ce" => packet with { Ecn = EcnPattern.Ce },
            "tos" => packet with { TrafficClass = (byte)scanner.TakeInteger("a traffic class", byte.MaxValue) },
            "ttl" => packet with { TimeToLive = (byte)scanner.TakeInteger("a time to live", byte.MaxValue) },
            "hlim" or "class" or "flowlabel" => throw ScriptException.Unsupported(scanner.Line, "IPv6"),
            _ => throw ScriptException.Unsupported(scanner.Line, $"'{word}' before a packet"),
        };
    }

    // 8080 > 50001, of the sender and of the receiver.
    private static PacketPattern ParsePorts(Scanner scanner, PacketPattern packet, bool isInbound)
    {
        if (!char.IsAsciiDigit(scanner.Next) || !scanner.TryTakeInteger(out long source))
            return packet;
        if (!scanner.TryTake(">"))
            throw AccurateEcn(scanner, $"{source}");

        long destination = scanner.TakeInteger("a port", MaxLength);
        return packet with
        {
            Ports = isInbound
                ? ((ushort)destination, (ushort)source)
                : ((ushort)source, (ushort)destination),
        };
    }

    private static PacketPattern ParseTcp(Scanner scanner, PacketPattern packet)
    {
        _ = scanner.Next;
        string flags = scanner.TakeWhile(c => !char.IsWhiteSpace(c));
        CheckFlags(scanner, flags);
        packet = ParseSequence(scanner, packet with { Flags = flags });
        packet = ParseAck(scanner, packet);
        if (scanner.TryTakeWord("win") && !scanner.TryTake("..."))
            packet = packet with { Window = (ushort)scanner.TakeInteger("a window", MaxLength) };
        if (scanner.TryTakeWord("urg"))
            packet = packet with { Urgent = (ushort)scanner.TakeInteger("an urgent pointer", MaxLength) };
        if (scanner.TryTake("<"))
            packet = packet with { Options = TcpOptionParser.Parse(scanner) };
        if (scanner.LooksAt("/udp("))
            throw ScriptException.Unsupported(scanner.Line, "TCP in UDP");
        return packet;
    }

    private static void CheckFlags(Scanner scanner, string flags)
    {
        bool isKnown = flags.Length > 0 && flags.All(c => KnownFlags.Contains(c, StringComparison.Ordinal));
        if (isKnown)
            return;
        if (flags.Length > 0 && flags.All(c => KnownFlags.Contains(c, StringComparison.Ordinal)
            || char.IsAsciiDigit(c) || c is 'A' or 'N'))
        {
            throw AccurateEcn(scanner, flags);
        }

        throw new ScriptException(scanner.Line, $"'{flags}' are no flags of TCP");
    }

    private static ScriptException AccurateEcn(Scanner scanner, string flags) =>
        ScriptException.Unsupported(scanner.Line, $"the flags '{flags}' of accurate ECN");

    private static PacketPattern ParseSequence(Scanner scanner, PacketPattern packet)
    {
        if (scanner.TryTake("..."))
        {
            scanner.Take("(");
            int any = (int)scanner.TakeInteger("a length", MaxLength);
            scanner.Take(")");
            return packet with { Length = any, IsSequenceFree = true };
        }

        (uint start, uint end, int length) = TakeRange(scanner);
        packet = packet with { Start = start, End = end, Length = length };
        return packet with { IsSequenceAbsolute = scanner.TryTake("!") };
    }

    /// <summary>1:1001(1000)</summary>
    public static (uint Start, uint End, int Length) TakeRange(Scanner scanner)
    {
        uint start = scanner.TakeNumber("a sequence number");
        scanner.Take(":");
        uint end = scanner.TakeNumber("a sequence number");
        scanner.Take("(");
        int length = (int)scanner.TakeInteger("a length", MaxLength);
        scanner.Take(")");
        if (unchecked(end - start) != (uint)length)
            throw new ScriptException(scanner.Line, $"{(int)start}:{(int)end} are not {length} octets");
        return (start, end, length);
    }

    private static PacketPattern ParseAck(Scanner scanner, PacketPattern packet)
    {
        if (!scanner.TryTakeWord("ack") || scanner.TryTake("..."))
            return packet;

        packet = packet with { Ack = scanner.TakeNumber("an acknowledgment number") };
        return packet with { IsAckAbsolute = scanner.TryTake("!") };
    }
}
