namespace UserTcp.Testing.Packetdrill.Syntax;

/// <summary>The arguments and results of system calls.</summary>
internal static class ExpressionParser
{
    private const int MaxDepth = 20;

    public static Expression Parse(Scanner scanner, int depth = 0)
    {
        if (depth > MaxDepth)
            throw new ScriptException(scanner.Line, "an argument is nested too deeply");

        Expression first = ParseOne(scanner, depth);
        if (scanner.Next != '|')
            return first;

        var parts = new List<Expression> { first };
        while (scanner.TryTake("|"))
        {
            parts.Add(ParseOne(scanner, depth));
        }

        return new AnyOf(parts);
    }

    public static List<Expression> ParseList(Scanner scanner, string end, int depth = 0)
    {
        var items = new List<Expression>();
        while (!scanner.TryTake(end))
        {
            if (items.Count > 0)
                scanner.Take(",");
            items.Add(Parse(scanner, depth + 1));
        }

        return items;
    }

    private static Expression ParseOne(Scanner scanner, int depth)
    {
        if (scanner.TryTake("..."))
            return new AnyValue();
        if (scanner.TryTake("["))
            return new ListValue(ParseList(scanner, "]", depth));
        if (scanner.TryTake("{"))
            return ParseStruct(scanner, depth);
        if (scanner.Next == '"')
            return ParseText(scanner);
        if (scanner.TryTakeInteger(out long value))
            return new IntegerValue(value);

        string name = scanner.TakeWord();
        if (scanner.MeaningOf(name) is { } meaning)
            return ParseOne(new Scanner(meaning), depth);
        if (scanner.TryTake("="))
            return Parse(scanner, depth + 1); // the name of a field says nothing that its place does not
        if (scanner.Next != '(')
            return new NameValue(name);

        // inet_addr("…"), htons(…): what they name is the runner's choice.
        scanner.Take("(");
        ParseList(scanner, ")", depth);
        return new AnyValue();
    }

    // Pieces of text are one, and dots behind it leave open how it goes on.
    private static TextValue ParseText(Scanner scanner)
    {
        string text = "";
        while (scanner.Next == '"')
        {
            text += scanner.TakeQuoted('"');
        }

        scanner.TryTake("...");
        return new TextValue(text);
    }

    private static StructValue ParseStruct(Scanner scanner, int depth)
    {
        var fields = new List<(string Name, Expression Value)>();
        while (!scanner.TryTake("}"))
        {
            if (fields.Count > 0)
                scanner.Take(",");
            if (scanner.TryTake("..."))
            {
                fields.Add(("", new AnyValue()));
                continue;
            }

            fields.Add(ParseField(scanner, depth));
        }

        return new StructValue(fields);
    }

    // "name=value", "msg_name(...)=...", or a value alone.
    private static (string Name, Expression Value) ParseField(Scanner scanner, int depth)
    {
        if (!char.IsAsciiLetter(scanner.Next))
            return ("", Parse(scanner, depth + 1));

        string name = scanner.TakeWord();
        if (scanner.TryTake("("))
            ParseList(scanner, ")", depth);
        return scanner.TryTake("=") ? (name, Parse(scanner, depth + 1)) : ("", new NameValue(name));
    }
}
