using System.Text;

namespace UserTcp.Architecture.Tests.Compliance;

/// <summary>
/// Every requirement of RFC 9293 with the code that answers it, the tests that show it, or why there are none.
/// </summary>
internal sealed class Ledger(
    IReadOnlyList<Requirement> requirements,
    IReadOnlyList<Citation> code,
    IReadOnlyList<Citation> tests,
    IReadOnlyList<ComplianceException> exceptions)
{
    private readonly ILookup<string, string> _code = code.ToLookup(one => one.Requirement, one => one.Place);
    private readonly ILookup<string, string> _tests = tests.ToLookup(one => one.Requirement, one => one.Place);

    /// <summary>Binding requirements that have neither a test nor a reason to have none.</summary>
    public IEnumerable<string> Unanswered() => requirements
        .Where(one => one.IsBinding && !_tests.Contains(one.Id) && Exception(one.Id) is null)
        .Select(one => $"{one.Id} (RFC 9293 §{one.Section}): {one.Text}");

    /// <summary>Exceptions that a test contradicts, or that name nothing.</summary>
    public IEnumerable<string> StaleExceptions() => exceptions
        .Where(one => _tests.Contains(one.Requirement) || requirements.All(known => known.Id != one.Requirement))
        .Select(one => _tests.Contains(one.Requirement)
            ? $"{one.Requirement} is shown by {_tests[one.Requirement].First()}"
            : $"{one.Requirement} is no requirement of RFC 9293");

    public IEnumerable<string> RepeatedExceptions() => exceptions
        .GroupBy(one => one.Requirement).Where(group => group.Count() > 1).Select(group => group.Key);

    public string Render()
    {
        var text = new StringBuilder();
        text.Append("# RFC 9293, requirement by requirement\n\n");
        text.Append(
            "Generated from comments in `src`, `[Rfc]` attributes in `tests` and compliance-exceptions.toml;\n");
        text.Append("`USERTCP_UPDATE_SNAPSHOTS=1 dotnet test tests/UserTcp.Architecture.Tests` writes it anew.\n\n");
        text.Append($"{Summary()}\n\n");
        AppendRequirements(text);
        AppendExceptions(text);
        return text.ToString();
    }

    private string Summary()
    {
        int tested = requirements.Count(one => _tests.Contains(one.Id));
        string excepted = string.Join(", ", ComplianceExceptions.Statuses.Select(status =>
            $"{exceptions.Count(one => one.Status == status)} {status}"));
        int open = requirements.Count - tested - exceptions.Count;
        return $"{requirements.Count} requirements: {tested} shown by tests; {excepted}; {open} without either.";
    }

    private void AppendRequirements(StringBuilder text)
    {
        text.Append("| requirement | section | text | code | tests |\n|---|---|---|---|---|\n");
        foreach (Requirement one in requirements)
        {
            string tests = Exception(one.Id) is { } exception ? $"*{exception.Status}*" : Places(_tests[one.Id]);
            string places = Places(_code[one.Id]);
            text.Append($"| {one.Id} {Kind(one)}| §{one.Section} | {one.Text} | {places} | {tests} |\n");
        }
    }

    private void AppendExceptions(StringBuilder text)
    {
        text.Append("\n## Without a test, and why\n\n| requirement | status | reason |\n|---|---|---|\n");
        foreach (ComplianceException one in exceptions)
            text.Append($"| {one.Requirement} | {one.Status} | {one.Reason} |\n");
    }

    // The tag says MUST or SHLD; what it cannot say is the NOT.
    private static string Kind(Requirement one) =>
        one.Level.EndsWith(" NOT", StringComparison.Ordinal) ? "(NOT) " : "";

    private static string Places(IEnumerable<string> places)
    {
        string[] sorted = places.Distinct().Order(StringComparer.Ordinal).Select(place => $"`{place}`").ToArray();
        return sorted.Length > 0 ? string.Join("<br>", sorted) : "–";
    }

    private ComplianceException? Exception(string id) => exceptions.FirstOrDefault(one => one.Requirement == id);
}
