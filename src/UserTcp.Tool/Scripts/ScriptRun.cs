using UserTcp.Testing.Packetdrill;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Scripts;

/// <summary>Runs scripts one after the other, and tells of them.</summary>
internal sealed class ScriptRun(ScriptPlan plan, ToolOutput output)
{
    private static readonly Dictionary<PacketdrillCategory, string> s_categories = new()
    {
        [PacketdrillCategory.Plain] = "TCP over IPv4",
        [PacketdrillCategory.Ipv6] = "IPv6",
        [PacketdrillCategory.FastOpen] = "fast open",
        [PacketdrillCategory.UdpEncapsulation] = "TCP in UDP",
        [PacketdrillCategory.AccurateEcn] = "accurate ECN",
        [PacketdrillCategory.Unprotected] = "insecure modes of FreeBSD",
    };

    private readonly List<PacketdrillResult> _results = [];

    /// <returns>The exit code.</returns>
    /// <exception cref="ToolException">There is nothing to run, or a file cannot be read or written.</exception>
    public int Run(CancellationToken cancellationToken)
    {
        try
        {
            foreach (string file in plan.Files())
            {
                cancellationToken.ThrowIfCancellationRequested();
                RunOne(file);
            }

            Tell();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(Failure.Write, error.Message, error);
        }

        return _results.Any(result => result.Outcome == PacketdrillOutcome.Failed) ? 1 : 0;
    }

    private void RunOne(string file)
    {
        PacketdrillResult result = PacketdrillScript.Load(file).Run(plan.Options);
        _results.Add(result);
        if (result.Category != PacketdrillCategory.Ipv6)
            output.Lines($"{result}");
        if (plan.CaptureFolder is null)
            return;

        Directory.CreateDirectory(plan.CaptureFolder);
        string name = file.Replace(Path.DirectorySeparatorChar, '_').TrimStart('.', '_');
        using FileStream stream = File.Create(Path.Combine(plan.CaptureFolder, Path.ChangeExtension(name, ".pcapng")));
        result.WritePcapng(stream);
    }

    private void Tell()
    {
        TellIpv6();
        IEnumerable<Row> rows = _results.Select(Row.Of);
        if (plan.ResultFile is not null)
            File.WriteAllText(plan.ResultFile, ToolOutput.ToJson(rows) + Environment.NewLine);
        if (output.IsJson)
            output.Json(rows);
        TellCounts();
    }

    // Apart from the others: they say nothing of a stack for IPv4.
    private void TellIpv6()
    {
        var results = _results.Where(result => result.Category == PacketdrillCategory.Ipv6).ToList();
        if (results.Count == 0)
            return;

        output.Line("");
        output.Line("Scripts for IPv6:");
        foreach (PacketdrillResult result in results)
        {
            output.Lines($"{result}");
        }
    }

    private void TellCounts()
    {
        output.Line("");
        output.Line($"{"",-30} {"passed",8} {"failed",8} {"unsupported",12}");
        foreach (IGrouping<PacketdrillCategory, PacketdrillResult> group in
            _results.GroupBy(result => result.Category).OrderBy(group => group.Key))
        {
            output.Line(
                $"{s_categories[group.Key],-30} {Count(group, PacketdrillOutcome.Passed),8} "
                + $"{Count(group, PacketdrillOutcome.Failed),8} {Count(group, PacketdrillOutcome.Unsupported),12}");
        }

        output.Line("");
        output.Line(
            $"{Count(_results, PacketdrillOutcome.Passed)} passed, "
            + $"{Count(_results, PacketdrillOutcome.Failed)} failed, "
            + $"{Count(_results, PacketdrillOutcome.Unsupported)} unsupported");
    }

    private static int Count(IEnumerable<PacketdrillResult> results, PacketdrillOutcome outcome) =>
        results.Count(result => result.Outcome == outcome);

    private sealed record Row(
        string Name, PacketdrillOutcome Outcome, PacketdrillCategory Category, string Profile, int Line, double Seconds,
        string Message)
    {
        public static Row Of(PacketdrillResult result) => new(
            result.Name, result.Outcome, result.Category,
            result.Profile.ToString().ToLowerInvariant(), // as --profile has it
            result.Line, result.Time.TotalSeconds, result.Message);
    }
}
