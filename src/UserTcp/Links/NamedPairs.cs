namespace UserTcp.Links;

/// <summary>
/// Pairs of <see cref="VirtualLink"/> by name, within the process: the first to open a name gets one end, the next one
/// the other, and then the name is free again.
/// </summary>
internal static class NamedPairs
{
    private static readonly Lock s_lock = new();

    // Weak: an end that nobody opens goes with the other one.
    private static readonly Dictionary<string, WeakReference<VirtualLink>> s_waiting = [];

    public static VirtualLink Open(string name)
    {
        lock (s_lock)
        {
            if (s_waiting.Remove(name, out WeakReference<VirtualLink>? waiting)
                && waiting.TryGetTarget(out VirtualLink? second) && !second.IsPeerDisposed)
                return second;

            ForgetDead();
            (VirtualLink first, VirtualLink other) = VirtualLink.CreatePair(new VirtualLinkOptions { Name = name });
            s_waiting[name] = new WeakReference<VirtualLink>(other);
            return first;
        }
    }

    private static void ForgetDead()
    {
        foreach ((string name, WeakReference<VirtualLink> waiting) in s_waiting)
        {
            if (!waiting.TryGetTarget(out VirtualLink? second) || second.IsPeerDisposed)
                s_waiting.Remove(name);
        }
    }
}
