using System.Runtime.CompilerServices;
using UserTcp.Architecture.Tests.Fixtures.Upper;

namespace UserTcp.Architecture.Tests.Fixtures.Lower;

// One way of knowing too much each: the layering test has to see them all (LayeringFixtureTests).
internal sealed class HoldsItInAField
{
    public Device? Held { get; set; }
}

internal sealed class HoldsItInAGenericField
{
    public Dictionary<int, List<Device[]>>? Held { get; set; }
}

internal sealed class TakesItAsAnArgument
{
    public static bool IsThere(Device? device) => device is not null;
}

internal sealed class MakesItInABody
{
    public static string Make() => new Device().ToString()!;
}

internal sealed class CallsItsStatic
{
    public static int Call() => Device.Total();
}

internal sealed class ReadsItsField
{
    public static int Read(object from) => Unsafe.As<Device>(from).Count;
}

internal sealed class CatchesIt
{
    public static bool Run(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (DeviceException)
        {
            return false;
        }
    }
}

internal sealed class DerivesFromIt : Device;

internal sealed class ImplementsIt : IDevice;

internal sealed class IsConstrainedToIt<T>
    where T : Device;

[Device]
internal sealed class IsMarkedWithIt;

internal sealed class NamesItInAToken
{
    public static Type Name() => typeof(Device);
}

internal sealed class UsesItInALambda
{
    public static Func<int> Count => () => new Device().Count;
}

internal sealed class OnlySeesAFrame
{
    public Frame Last { get; set; }
}

internal sealed class KnowsNobody
{
    public static int Zero(List<string> list) => list.Count;
}
