using SharpPcap;
using SharpPcap.LibPcap;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Dump;

/// <summary>
/// A filter of libpcap's (pcap-filter(7)), compiled by SharpPcap for each link type that comes along. An empty one lets
/// everything pass and needs no libpcap.
/// </summary>
internal sealed class FrameFilter(string expression) : IDisposable
{
    private readonly Dictionary<LinkType, BpfProgram> _programs = [];

    /// <summary>The text of the filter; empty for none.</summary>
    public string Expression { get; } = expression;

    /// <summary>Whether a frame passes.</summary>
    /// <exception cref="ToolException">The filter cannot be used on frames of this type.</exception>
    public bool Matches(CapturedFrame frame) =>
        Expression.Length == 0 || ProgramFor(frame.Link).Matches(frame.Bytes.Span);

    /// <summary>Fails now if the filter is none.</summary>
    /// <exception cref="ToolException">The filter cannot be used on frames of this type.</exception>
    public void Check(LinkType link)
    {
        if (Expression.Length > 0)
            _ = ProgramFor(link);
    }

    public void Dispose()
    {
        foreach (BpfProgram program in _programs.Values)
        {
            program.Dispose();
        }
    }

    private BpfProgram ProgramFor(LinkType link)
    {
        if (!_programs.TryGetValue(link, out BpfProgram? program))
            _programs.Add(link, program = Compile(link));
        return program;
    }

    private BpfProgram Compile(LinkType link)
    {
        try
        {
            return BpfProgram.Create(ForLibpcap(link), Expression);
        }
        catch (PcapException error)
        {
            throw new ToolException(
                Failure.Usage,
                $"The filter '{Expression}' cannot be used on frames of {LinkTypeNames.Of((int)link)}: "
                + $"{error.Message}. See pcap-filter(7).", error);
        }
        catch (DllNotFoundException error)
        {
            throw new ToolException(Failure.Usage, LiveFrames.LibraryMissing("A capture filter"), error);
        }
    }

    // In files bare IP is 101; libpcap itself calls it 12.
    private static PacketDotNet.LinkLayers ForLibpcap(LinkType link) =>
        link is LinkType.Raw or LinkType.RawOpenBsd ? PacketDotNet.LinkLayers.RawLegacy
            : (PacketDotNet.LinkLayers)(int)link;
}
