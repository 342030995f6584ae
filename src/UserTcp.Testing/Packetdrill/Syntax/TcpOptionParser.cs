namespace UserTcp.Testing.Packetdrill.Syntax;

/// <summary>The options of a segment: <c>&lt;mss 1460,nop,wscale 7&gt;</c>.</summary>
internal static class TcpOptionParser
{
    /// <summary>What stands behind the opening mark. Null: any options whatever.</summary>
    public static List<OptionPattern>? Parse(Scanner scanner)
    {
        var options = new List<OptionPattern>();
        if (scanner.TryTake("..."))
        {
            scanner.Take(">");
            return null;
        }

        while (!scanner.TryTake(">"))
        {
            if (options.Count > 0)
                scanner.Take(",");
            options.Add(ParseOption(scanner));
        }

        return options;
    }

    private static OptionPattern ParseOption(Scanner scanner)
    {
        string name = scanner.TakeWord();
        switch (name)
        {
            case "nop":
                return new OptionPattern(OptionKind.NoOperation);
            case "eol":
                return new OptionPattern(OptionKind.EndOfList);
            case "mss":
                return new OptionPattern(OptionKind.MaximumSegmentSize)
                {
                    Value = (uint)scanner.TakeInteger("a segment size", ushort.MaxValue),
                };
            case "wscale":
                return new OptionPattern(OptionKind.WindowScale)
                {
                    Value = (uint)scanner.TakeInteger("a shift", byte.MaxValue),
                };
            case "sackOK":
                return new OptionPattern(OptionKind.SackPermitted);
            case "TS":
                return ParseTimestamps(scanner);
            case "sack":
                return new OptionPattern(OptionKind.Sack) { Blocks = ParseBlocks(scanner) };
            default:
                throw ScriptException.Unsupported(scanner.Line, $"the option '{name}'");
        }
    }

    private static OptionPattern ParseTimestamps(Scanner scanner)
    {
        scanner.Take("val");
        uint value = scanner.TakeNumber("a timestamp");
        scanner.Take("ecr");
        return new OptionPattern(OptionKind.Timestamps) { Value = value, Echo = scanner.TakeNumber("a timestamp") };
    }

    private static List<(uint Left, uint Right)> ParseBlocks(Scanner scanner)
    {
        var blocks = new List<(uint Left, uint Right)>();
        do
        {
            uint left = scanner.TakeNumber("the beginning of a block");
            scanner.Take(":");
            blocks.Add((left, scanner.TakeNumber("the end of a block")));
        }
        while (char.IsAsciiDigit(scanner.Next) || scanner.Next == '-');
        return blocks;
    }
}
