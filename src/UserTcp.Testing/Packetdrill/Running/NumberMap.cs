namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>
/// The numbers of a script and those on the wire. SYNs have whatever numbers the script gives them, and everything
/// after them counts from 0 in both directions. Timestamps are what the script calls them.
/// </summary>
internal sealed class NumberMap
{
    /// <summary>What the script's peer begins with on the wire; any number but those of the script would do.</summary>
    private const uint RemoteInitial = 0x10_00_00_00;

    private readonly Dictionary<uint, uint> _stamps = [];
    private uint _localInitial;
    private uint _localScript;
    private uint? _remoteScript;
    private uint _lastScript;
    private uint _lastLive;

    /// <summary>The stack's SYN tells where it begins.</summary>
    public void LearnLocal(uint script, uint live)
    {
        _localScript = script;
        _localInitial = live;
    }

    /// <summary>The script's first SYN tells with which number it begins.</summary>
    public void LearnRemote(uint script) => _remoteScript ??= script;

    public uint LocalToScript(uint live, bool isSyn) =>
        unchecked(live - _localInitial + (isSyn ? _localScript : 0));

    public uint LocalToWire(uint script, bool isSyn) =>
        unchecked(script + _localInitial - (isSyn ? _localScript : 0));

    public uint RemoteToScript(uint live, bool isSyn) =>
        unchecked(live - RemoteInitial + (isSyn ? _remoteScript ?? 0 : 0));

    public uint RemoteToWire(uint script, bool isSyn) =>
        unchecked(script + RemoteInitial - (isSyn ? _remoteScript ?? 0 : 0));

    /// <summary>A timestamp of the stack's, and what the script calls it.</summary>
    public void LearnStamp(uint script, uint live)
    {
        _stamps[script] = live;
        _lastScript = script;
        _lastLive = live;
    }

    /// <summary>What an echo of the script's is on the wire; one never seen is counted from the last.</summary>
    public uint EchoToWire(uint script)
    {
        if (script == 0)
            return 0;

        return _stamps.TryGetValue(script, out uint live)
            ? live
            : unchecked(_lastLive + (script - _lastScript));
    }
}
