using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using UserTcp.Testing.Packetdrill;

namespace UserTcp.Tool.Commands;

/// <summary><c>pkt</c>: scripts of packetdrill, over the stack in virtual time.</summary>
internal sealed class PacketdrillCommand(PacketdrillOptions options, string? jsonFile, string? captureFolder)
{
    private const string ScriptFiles = "*.pkt";

    /// <summary>The exit code for what cannot be run at all.</summary>
    private const int BadArguments = 2;

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // it is read by programs that show it, not by browsers
    };

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

    public static Command Make()
    {
        var paths = new Argument<string[]>("path")
        {
            Description = "Scripts, or folders of them.", Arity = ArgumentArity.OneOrMore,
        };
        var profile = new Option<PacketdrillProfile>("--profile")
        {
            Description = "The system that the scripts were written for: linux, freebsd, or auto, by their own words.",
        };
        var strict = new Option<bool>("--strict")
        {
            Description = "Everything must be as it is written, not only what any TCP owes.",
        };
        var json = new Option<string?>("--json") { Description = "The file for the results as JSON." };
        var capture = new Option<string?>("--pcapng") { Description = "The folder for a capture of each script." };
        var command = new Command("pkt", "Runs packetdrill scripts over the stack, in virtual time.")
        {
            paths, profile, strict, json, capture,
        };
        command.SetAction(parsed =>
        {
            var options = new PacketdrillOptions
            {
                Profile = parsed.GetValue(profile), IsStrict = parsed.GetValue(strict),
            };
            return new PacketdrillCommand(options, parsed.GetValue(json), parsed.GetValue(capture))
                .Run(parsed.GetValue(paths)!);
        });
        return command;
    }

    private int Run(string[] paths)
    {
        try
        {
            return RunAll(paths);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(exception.Message);
            return BadArguments;
        }
    }

    private int RunAll(string[] paths)
    {
        foreach (string path in paths.Where(path => !Path.Exists(path)))
        {
            Console.Error.WriteLine($"{path} does not exist.");
            return BadArguments;
        }

        foreach (string file in paths.SelectMany(FilesOf))
        {
            RunOne(file);
        }

        if (_results.Count == 0)
        {
            Console.Error.WriteLine($"There are no scripts ({ScriptFiles}).");
            return BadArguments;
        }

        PrintIpv6();
        if (jsonFile is not null)
        {
            string json = JsonSerializer.Serialize(_results.Select(Row.Of), s_json);
            File.WriteAllText(jsonFile, json + Environment.NewLine);
        }

        PrintSummary();
        return _results.Any(result => result.Outcome == PacketdrillOutcome.Failed) ? 1 : 0;
    }

    private static IEnumerable<string> FilesOf(string path) => Directory.Exists(path)
        ? Directory.EnumerateFiles(path, ScriptFiles, SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        : [path];

    private void RunOne(string file)
    {
        PacketdrillResult result = PacketdrillScript.Load(file).Run(options);
        _results.Add(result);
        if (result.Category != PacketdrillCategory.Ipv6)
            Console.WriteLine(result);
        if (captureFolder is null)
            return;

        Directory.CreateDirectory(captureFolder);
        string name = file.Replace(Path.DirectorySeparatorChar, '_').TrimStart('.', '_');
        using FileStream stream = File.Create(Path.Combine(captureFolder, Path.ChangeExtension(name, ".pcapng")));
        result.WritePcapng(stream);
    }

    // Apart from the others: they say nothing of a stack for IPv4.
    private void PrintIpv6()
    {
        var results = _results.Where(result => result.Category == PacketdrillCategory.Ipv6).ToList();
        if (results.Count == 0)
            return;

        Console.WriteLine();
        Console.WriteLine("Scripts for IPv6:");
        foreach (PacketdrillResult result in results)
        {
            Console.WriteLine(result);
        }
    }

    private void PrintSummary()
    {
        Console.WriteLine();
        Console.WriteLine($"{"",-30} {"passed",8} {"failed",8} {"unsupported",12}");
        foreach (IGrouping<PacketdrillCategory, PacketdrillResult> group in
            _results.GroupBy(result => result.Category).OrderBy(group => group.Key))
        {
            Console.WriteLine(
                $"{s_categories[group.Key],-30} {Count(group, PacketdrillOutcome.Passed),8} "
                + $"{Count(group, PacketdrillOutcome.Failed),8} {Count(group, PacketdrillOutcome.Unsupported),12}");
        }

        Console.WriteLine();
        Console.WriteLine(
            $"{Count(_results, PacketdrillOutcome.Passed)} passed, "
            + $"{Count(_results, PacketdrillOutcome.Failed)} failed, "
            + $"{Count(_results, PacketdrillOutcome.Unsupported)} unsupported");
    }

    private static int Count(IEnumerable<PacketdrillResult> results, PacketdrillOutcome outcome) =>
        results.Count(result => result.Outcome == outcome);

    private sealed record Row(
        string Name, string Outcome, string Category, string Profile, int Line, double Seconds, string Message)
    {
        public static Row Of(PacketdrillResult result) => new(
            result.Name, result.Outcome.ToString(), result.Category.ToString(), result.Profile.ToString(), result.Line,
            result.Time.TotalSeconds, result.Message);
    }
}
