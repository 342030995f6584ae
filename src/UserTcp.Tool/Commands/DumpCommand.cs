using System.CommandLine;
using UserTcp.Tool.Dump;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>dump</c>: a line for each frame of a capture or of a link, as tcpdump prints it.</summary>
internal sealed class DumpCommand : ToolCommand
{
    private readonly Argument<string[]> _filter = new("FILTER")
    {
        Arity = ArgumentArity.ZeroOrMore, DefaultValueFactory = _ => [],
        Description = "Which frames: an expression of pcap-filter(7), such as 'tcp port 80'.",
    };

    private readonly Option<string?> _read = new Option<string?>("-r", "--read")
    {
        HelpName = "FILE",
        Description = "Reads a capture, pcapng or pcap, also compressed by gzip; - for the standard input.",
    }.NeverEmpty();

    private readonly Option<string?> _write = new Option<string?>("-w", "--write")
    {
        HelpName = "FILE.pcapng", Description = "Writes the frames to a file instead; - for the standard output.",
    }.NeverEmpty();

    private readonly Option<long?> _count = new("-c", "--count")
    { HelpName = "N", Description = "Ends after N frames." };

    private readonly Option<bool> _numeric = new("-n", "--numeric")
    { Description = "Does not ask for the names of hosts and ports." };

    private readonly Option<bool> _verbose = new("-v", "--verbose")
    { Description = "Shows the fields of the IP header and whether TCP checksums are right." };

    private readonly Option<bool> _hex = new("-x", "--hex")
    { Description = "Shows the octets of each packet, without the headers of the link." };

    private readonly Option<bool> _linkHeaders = new("-e", "--link-headers")
    { Description = "Shows the headers of the link: MAC addresses, VLANs." };

    private readonly Option<bool> _stack = new("--stack")
    {
        Description = "Shows what a stack sends and receives, and why it drops a frame: the stack of --link and "
            + "--address, or of a capture that a PcapngTap wrote.",
    };

    public DumpCommand(ToolContext context)
        : base(
            context, "dump", "Prints a line for each frame of a capture or of a link, as tcpdump does.",
            "dump -r get.pcapng -n", "dump --link eth0 tcp port 80", "dump --link eth0 -c 100 -w web.pcapng port 443",
            "dump --stack --link eth0 --address 192.168.1.50/24", "dump -r trace.pcapng --stack -v -x")
    {
        Arguments.Add(_filter);
        foreach (Option option in
            (Option[])[_read, _write, _count, _numeric, _verbose, _hex, _linkHeaders, _stack])
        {
            Options.Add(option);
        }
    }

    public override GlobalOptionSet Heeds => GlobalOptionSet.Network | GlobalOptionSet.Color;

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        NetworkSettings network = NetworkOf(parsed);
        bool isStack = parsed.GetValue(_stack);
        string? file = parsed.GetValue(_read);
        Check(parsed, network, file, isStack);
        using var filter = new FrameFilter(string.Join(' ', parsed.GetValue(_filter)!));
        using CaptureWriter? writer = WriterOf(parsed.GetValue(_write), output);
        var run = new DumpRun(output, filter, writer)
        {
            Limit = parsed.GetValue(_count) ?? long.MaxValue,
            Text = new FrameText(
                new NameBook(parsed.GetValue(_numeric)), parsed.GetValue(_verbose), parsed.GetValue(_linkHeaders)),
            ShowsHex = parsed.GetValue(_hex),
            ShowsDrops = isStack,
        };
        try
        {
            await (file is not null ? run.ReadFileAsync(file, cancellationToken)
                : isStack ? run.ReadStackAsync(network, cancellationToken)
                : run.ReadLinkAsync(network.Link, cancellationToken));
        }
        finally
        {
            run.EndWriting();
        }

        return 0;
    }

    private void Check(ParseResult parsed, NetworkSettings network, string? file, bool isStack)
    {
        if (parsed.GetValue(_count) is < 1)
            throw new ToolException(Failure.Usage, "-c is at least 1.");
        if (file is not null && network.IsLinkGiven)
            throw new ToolException(Failure.Usage, "-r reads a file and --link a device: take one of them.");
        if (file is null && network.IsGateway)
        {
            throw new ToolException(
                Failure.Usage,
                "Say where the frames come from: -r FILE, or --link DEV ('usertcp devices' lists them).");
        }

        if (!(isStack && file is null) && (network.Address is not null || network.Gateway is not null))
        {
            throw new ToolException(
                Failure.Usage, "--address and --gateway belong to --stack on a link: other dumps send nothing.");
        }

        if (file is not null && parsed.GetValue(_write) is { } target && target != "-" && file != "-"
            && Path.GetFullPath(file) == Path.GetFullPath(target))
        {
            throw new ToolException(Failure.Usage, "-w would overwrite the capture that -r reads.");
        }
    }

    private static CaptureWriter? WriterOf(string? name, ToolOutput output)
    {
        if (name is null)
            return null;
        if (name == "-")
            return new CaptureWriter(output.Console.Output);

        try
        {
            return new CaptureWriter(
                new FileStream(name, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ToolException(Failure.Write, $"The capture cannot be written: {error.Message}", error);
        }
    }
}
