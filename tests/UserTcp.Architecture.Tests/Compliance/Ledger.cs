using System.Text;

namespace UserTcp.Architecture.Tests.Compliance;

/// <summary>
/// Every requirement of the RFCs that are listed, with the code that answers it, the tests that show it, or why there
/// are none.
/// </summary>
internal sealed class Ledger(
    IReadOnlyList<Requirement> requirements,
    IReadOnlyList<Citation> code,
    IReadOnlyList<Citation> sections,
    IReadOnlyList<Citation> tests,
    IReadOnlyList<ComplianceException> exceptions)
{
    private readonly ILookup<string, string> _code = code.ToLookup(one => one.Requirement, one => one.Place);
    private readonly ILookup<string, string> _sections = sections.ToLookup(one => one.Requirement, one => one.Place);
    private readonly ILookup<string, string> _tests = tests.ToLookup(one => one.Requirement, one => one.Place);

    /// <summary>Binding requirements that have neither a test nor a reason to have none.</summary>
    public IEnumerable<string> Unanswered() => requirements
        .Where(one => one.IsBinding && !_tests.Contains(one.Id) && Exception(one.Id) is null)
        .Select(one => $"{one.Id} (RFC {one.Rfc} §{one.Section}): {one.Text}");

    /// <summary>Exceptions that a test contradicts, or that name nothing.</summary>
    public IEnumerable<string> StaleExceptions() => exceptions
        .Where(one => _tests.Contains(one.Requirement) || requirements.All(known => known.Id != one.Requirement))
        .Select(one => _tests.Contains(one.Requirement)
            ? $"{one.Requirement} is shown by {_tests[one.Requirement].First()}"
            : $"{one.Requirement} is no requirement that is listed");

    public IEnumerable<string> RepeatedExceptions() => exceptions
        .GroupBy(one => one.Requirement).Where(group => group.Count() > 1).Select(group => group.Key);

    public string Render()
    {
        var text = new StringBuilder();
        text.Append("# The RFCs, requirement by requirement\n\n");
        text.Append(
            "Generated from comments in `src`, `[Rfc]` attributes in `tests` and compliance-exceptions.json;\n");
        text.Append("`USERTCP_UPDATE_SNAPSHOTS=1 dotnet test tests/UserTcp.Architecture.Tests` writes it anew.\n");
        text.Append("Tags are those of RFC 9293; other RFCs number nothing, theirs are `R` with number and line.\n\n");
        IGrouping<int, Requirement>[] rfcs = requirements.GroupBy(one => one.Rfc).ToArray();
        foreach (IGrouping<int, Requirement> rfc in rfcs)
            text.Append($"- RFC {rfc.Key}: {Summary(rfc.ToList())}\n");
        foreach (IGrouping<int, Requirement> rfc in rfcs)
            AppendRequirements(text, rfc);
        AppendExceptions(text);
        return text.ToString();
    }

    private string Summary(List<Requirement> rfc)
    {
        int tested = rfc.Count(one => _tests.Contains(one.Id));
        ComplianceException[] excepted = rfc.Select(one => Exception(one.Id)).OfType<ComplianceException>().ToArray();
        string reasons = string.Join(", ", ComplianceExceptions.Statuses.Select(status =>
            $"{excepted.Count(one => one.Status == status)} {status}"));
        int open = rfc.Count - tested - excepted.Length;
        return $"{rfc.Count} requirements: {tested} shown by tests; {reasons}; {open} without either.";
    }

    private void AppendRequirements(StringBuilder text, IGrouping<int, Requirement> rfc)
    {
        text.Append($"\n## RFC {rfc.Key}\n\n");
        text.Append("| requirement | section | text | code | tests |\n|---|---|---|---|---|\n");
        foreach (Requirement one in rfc)
        {
            string tests = Exception(one.Id) is { } exception ? $"*{exception.Status}*" : Places(_tests[one.Id]);
            string places = Places(PlacesInCode(one));
            text.Append($"| {one.Id} {Kind(one)}| §{one.Section} | {one.Text} | {places} | {tests} |\n");
        }
    }

    // RFC 9293 has tags, and comments name them; of the others they name the section.
    private IEnumerable<string> PlacesInCode(Requirement one) => one.Rfc == Requirement.Standard
        ? _code[one.Id]
        : _code[one.Id].Concat(_sections[$"{one.Rfc} §{one.Section}"]);

    private void AppendExceptions(StringBuilder text)
    {
        text.Append("\n## Without a test, and why\n\n| requirement | status | reason |\n|---|---|---|\n");
        foreach (ComplianceException one in exceptions)
            text.Append($"| {one.Requirement} | {one.Status} | {one.Reason} |\n");
    }

    // The tags of RFC 9293 say MUST or SHLD; what they cannot say is the NOT.
    private static string Kind(Requirement one) => one.Rfc != Requirement.Standard ? $"{one.Level} "
        : one.Level.EndsWith(" NOT", StringComparison.Ordinal) ? "(NOT) " : "";

    private static string Places(IEnumerable<string> places)
    {
        string[] sorted = places.Distinct().Order(StringComparer.Ordinal).Select(place => $"`{place}`").ToArray();
        return sorted.Length > 0 ? string.Join("<br>", sorted) : "–";
    }

    private ComplianceException? Exception(string id) => exceptions.FirstOrDefault(one => one.Requirement == id);
}
