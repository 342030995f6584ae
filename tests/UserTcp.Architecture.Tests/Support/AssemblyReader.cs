using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace UserTcp.Architecture.Tests.Support;

/// <summary>
/// Lists every type that every type of an assembly mentions: bases, interfaces, constraints, attributes, fields,
/// signatures, locals, method bodies, catch clauses, and the arguments of generic instantiations.
/// Constants are copied by the compiler and leave no trace here; the source scan of <c>using</c> lines sees those.
/// </summary>
internal sealed class AssemblyReader
{
    private readonly MetadataReader _metadata;
    private readonly PEReader _image;
    private readonly HashSet<TypeReference> _references = [];
    private readonly TypeNames _names;
    private string _source = "";
    private string _member = "";

    private AssemblyReader(PEReader image)
    {
        _image = image;
        _metadata = image.GetMetadataReader();
        _names = new TypeNames(_metadata, (name, isLocal) => Add(name, isLocal, targetMember: "", isField: false));
    }

    public static IReadOnlyCollection<TypeReference> Read(string path)
    {
        using var image = new PEReader(File.OpenRead(path));
        var reader = new AssemblyReader(image);
        foreach (TypeDefinitionHandle type in reader._metadata.TypeDefinitions)
            reader.ReadType(type);

        return reader._references;
    }

    private void ReadType(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _metadata.GetTypeDefinition(handle);
        _source = _names.OfDefinition(handle);
        _member = "";
        Mention(type.BaseType);
        foreach (InterfaceImplementationHandle implementation in type.GetInterfaceImplementations())
            Mention(_metadata.GetInterfaceImplementation(implementation).Interface);

        ReadConstraints(type.GetGenericParameters());
        ReadAttributes(type.GetCustomAttributes());
        foreach (FieldDefinitionHandle field in type.GetFields())
            ReadField(_metadata.GetFieldDefinition(field));

        foreach (MethodDefinitionHandle method in type.GetMethods())
            ReadMethod(_metadata.GetMethodDefinition(method));
    }

    private void ReadField(FieldDefinition field)
    {
        _member = _metadata.GetString(field.Name);
        var declared = new TypeNames(_metadata, (name, isLocal) => Add(name, isLocal, targetMember: "", isField: true));
        field.DecodeSignature(declared, null);
        ReadAttributes(field.GetCustomAttributes());
    }

    private void ReadMethod(MethodDefinition method)
    {
        _member = _metadata.GetString(method.Name);
        method.DecodeSignature(_names, null);
        ReadConstraints(method.GetGenericParameters());
        ReadAttributes(method.GetCustomAttributes());
        if (method.RelativeVirtualAddress == 0)
            return;

        MethodBodyBlock body = _image.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil)
            _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(_names, null);

        foreach (ExceptionRegion region in body.ExceptionRegions.Where(one => one.Kind == ExceptionRegionKind.Catch))
            Mention(region.CatchType);

        foreach (EntityHandle token in InstructionTokens.Read(body.GetILReader()))
            Mention(token);
    }

    private void ReadConstraints(GenericParameterHandleCollection parameters)
    {
        foreach (GenericParameterHandle parameter in parameters)
        {
            foreach (GenericParameterConstraintHandle one in _metadata.GetGenericParameter(parameter).GetConstraints())
                Mention(_metadata.GetGenericParameterConstraint(one).Type);
        }
    }

    private void ReadAttributes(CustomAttributeHandleCollection attributes)
    {
        foreach (CustomAttributeHandle attribute in attributes)
            Mention(_metadata.GetCustomAttribute(attribute).Constructor);
    }

    private void Mention(EntityHandle token)
    {
        switch (token.Kind)
        {
            case HandleKind.TypeDefinition or HandleKind.TypeReference or HandleKind.TypeSpecification
                when !token.IsNil:
                _names.Of(token);
                break;
            case HandleKind.FieldDefinition:
                FieldDefinition field = _metadata.GetFieldDefinition((FieldDefinitionHandle)token);
                Use(field.GetDeclaringType(), _metadata.GetString(field.Name));
                field.DecodeSignature(_names, null);
                break;
            case HandleKind.MethodDefinition:
                MethodDefinition method = _metadata.GetMethodDefinition((MethodDefinitionHandle)token);
                Use(method.GetDeclaringType(), _metadata.GetString(method.Name));
                method.DecodeSignature(_names, null);
                break;
            case HandleKind.MemberReference:
                MentionMember(_metadata.GetMemberReference((MemberReferenceHandle)token));
                break;
            case HandleKind.MethodSpecification:
                MethodSpecification generic = _metadata.GetMethodSpecification((MethodSpecificationHandle)token);
                Mention(generic.Method);
                generic.DecodeSignature(_names, null);
                break;
            case HandleKind.StandaloneSignature:
                _metadata.GetStandaloneSignature((StandaloneSignatureHandle)token).DecodeMethodSignature(_names, null);
                break;
        }
    }

    private void MentionMember(MemberReference member)
    {
        Use(member.Parent, _metadata.GetString(member.Name));
        if (member.GetKind() == MemberReferenceKind.Method)
            member.DecodeMethodSignature(_names, null);
        else
            member.DecodeFieldSignature(_names, null);
    }

    private void Use(EntityHandle declaringType, string member)
    {
        string type = _names.Of(declaringType);
        if (type.Length > 0)
            Add(type, _names.IsLocal(type), member, isField: false);
    }

    private void Add(string target, bool isLocal, string targetMember, bool isField) =>
        _references.Add(new TypeReference(_source, _member, target, targetMember, isField, isLocal));
}
