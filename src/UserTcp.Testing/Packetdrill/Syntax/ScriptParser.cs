namespace UserTcp.Testing.Packetdrill.Syntax;

/// <summary>A script as it is written: its option lines and its events.</summary>
internal sealed record ScriptTree(
    IReadOnlyList<(int Line, string Name, string Value)> Options, IReadOnlyList<ScriptEvent> Events);

/// <summary>Reads the language of packetdrill.</summary>
internal sealed class ScriptParser
{
    private readonly Scanner _scanner;
    private readonly string[] _lines;

    private readonly bool _hasSections;

    private ScriptParser(string[] lines, bool hasSections)
    {
        _hasSections = hasSections;
        _lines = lines;
        _scanner = new Scanner(string.Join('\n', lines));
    }

    /// <param name="text">The script.</param>
    /// <param name="definitions">The names for which sections between #ifdef and #endif are read.</param>
    /// <exception cref="ScriptException">The text cannot be read.</exception>
    public static ScriptTree Parse(string text, params IEnumerable<string> definitions) =>
        new ScriptParser(
            ConditionalSections.Select(text.Split('\n'), definitions),
            hasSections: text.Contains("#if", StringComparison.Ordinal)).Parse();

    private ScriptTree Parse()
    {
        var options = new List<(int Line, string Name, string Value)>();
        var events = new List<ScriptEvent>();
        while (!_scanner.IsAtEnd)
        {
            if (_scanner.LooksAt("--"))
                options.Add(ParseOption());
            else if (_scanner.LooksAt("`"))
                events.Add(ParseCommand(new EventTime(TimeKind.Relative, TimeSpan.Zero, TimeSpan.Zero)));
            else if (_scanner.LooksAt("%{"))
                events.Add(ParseCode(new EventTime(TimeKind.Relative, TimeSpan.Zero, TimeSpan.Zero)));
            else
                events.Add(ParseEvent(ParseTime()));
        }

        // Sections that are left out may be all that there is.
        if (events.Count == 0 && !_hasSections)
            throw new ScriptException(1, "there is nothing in it");
        return new ScriptTree(options, events);
    }

    private (int Line, string Name, string Value) ParseOption()
    {
        _scanner.Take("--");
        int line = _scanner.Line;
        string name = _scanner.TakeWord();
        string value = _scanner.TryTake("=") ? TakeOptionValue() : "";
        if (name == "define")
            Define(value, line);

        // Before anything else is found that only such a script would have.
        if (name == "ip_version" && value != "ipv4")
            throw ScriptException.Unsupported(line, "IPv6");
        if (name == "udp_encapsulation")
            throw ScriptException.Unsupported(line, "TCP in UDP");
        return (line, name, value);
    }

    private string TakeOptionValue()
    {
        if (_scanner.Next == '"')
            return _scanner.TakeQuoted('"');

        string value = _scanner.TakeWhile(c => !char.IsWhiteSpace(c) && c is not ('"' or '`' or '#'));
        return _scanner.Raw is '"' or '`' && value.EndsWith('=')
            ? value + TakeMarked(_scanner.Raw)
            : value;
    }

    private string TakeMarked(char mark) => mark + _scanner.TakeQuoted(mark) + mark;

    // NAME=VALUE: the value may be a text or a command in its own marks.
    private void Define(string definition, int line)
    {
        string[] parts = definition.Split('=', 2);
        if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0)
            throw new ScriptException(line, "--define needs NAME=VALUE");

        _scanner.Define(parts[0], parts[1]);
    }

    private ScriptEvent ParseEvent(in EventTime time)
    {
        bool isRange = time.Kind == TimeKind.Any || time.Start != time.End;
        if (isRange && _scanner.Next != '>')
            throw new ScriptException(_scanner.Line, "only a packet that is sent may come at one time or another");
        if (time.End < time.Start || time.Return < time.Start)
            throw new ScriptException(_scanner.Line, "the end of a time is before its beginning");

        return _scanner.Next switch
        {
            '<' or '>' => ParsePacket(time),
            '`' => ParseCommand(time),
            '%' => ParseCode(time),
            _ when _scanner.MeaningOf(_scanner.PeekWord()) is ['`', .. string command, '`'] =>
                new CommandEvent(_scanner.Line, time, TakeDefined(command)),
            _ => ParseCall(time),
        };
    }

    private string TakeDefined(string command)
    {
        _scanner.TakeWord();
        return command;
    }

    private EventTime ParseTime()
    {
        if (_scanner.TryTake("*"))
            return new EventTime(TimeKind.Any, TimeSpan.Zero, TimeSpan.MaxValue);

        TimeKind kind = _scanner.TryTake("+") ? TimeKind.Relative : TimeKind.Absolute;
        TimeSpan start = TakeSeconds();
        TimeSpan end = start;
        if (_scanner.TryTake("~"))
        {
            _scanner.TryTake("+");
            end = TakeSeconds();
        }

        if (!_scanner.TryTake("..."))
            return new EventTime(kind, start, end);

        _scanner.TryTake("+");
        return new EventTime(kind, start, end, TakeSeconds());
    }

    private TimeSpan TakeSeconds() =>
        _scanner.TryTakeSeconds(out TimeSpan time) ? time : throw _scanner.Unexpected("a time");

    private PacketEvent ParsePacket(in EventTime time)
    {
        int line = _scanner.Line;
        bool isInbound = _scanner.TryTake("<");
        if (!isInbound)
            _scanner.Take(">");
        PacketPattern packet = PacketParser.Parse(_scanner, isInbound);
        return new PacketEvent(line, time, isInbound, packet, LineText(line));
    }

    private CommandEvent ParseCommand(in EventTime time)
    {
        _ = _scanner.Next;
        int line = _scanner.Line;
        return new CommandEvent(line, time, _scanner.TakeQuoted('`').Trim());
    }

    private CodeEvent ParseCode(in EventTime time)
    {
        _scanner.Take("%{");
        int line = _scanner.Line;
        return new CodeEvent(line, time, _scanner.TakeUntil("}%"));
    }

    private CallEvent ParseCall(in EventTime time)
    {
        string name = _scanner.TakeWord();
        int line = _scanner.Line;
        _scanner.Take("(");
        List<Expression> arguments = ExpressionParser.ParseList(_scanner, ")");
        _scanner.Take("=");
        Expression result = ExpressionParser.Parse(_scanner);
        string? error = null;
        if (result is IntegerValue { Value: < 0 } && char.IsAsciiLetter(_scanner.Next))
            error = _scanner.TakeWord();
        if (_scanner.TryTake("("))
            _scanner.TakeUntil(")"); // what strerror says, or the flags in words
        return new CallEvent(line, time, name, arguments, result, error);
    }

    private string LineText(int line) => line <= _lines.Length ? _lines[line - 1].Trim() : "";
}
