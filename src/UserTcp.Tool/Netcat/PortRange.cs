using UserTcp.Tool.Network;

namespace UserTcp.Tool.Netcat;

/// <summary>Some ports in a row.</summary>
internal readonly record struct PortRange(int First, int Last)
{
    /// <summary>Reads a port, or two of them with a dash between.</summary>
    /// <exception cref="ToolException">It is neither.</exception>
    public static PortRange Parse(string text)
    {
        string[] parts = text.Split('-', 2);
        var range = new PortRange(HostNames.ParsePort(parts[0]), HostNames.ParsePort(parts[^1]));
        return range.First <= range.Last ? range : new PortRange(range.Last, range.First); // as with nc
    }
}
